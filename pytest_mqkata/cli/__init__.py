"""The command `mqkata`: the learner's environment and brokers. What is tested and how is pytest's."""
