"""The subcommands of `hub`, one module for each subject."""
