"""The command `cxone-report`: an audit log, shown as one page to look back at."""
