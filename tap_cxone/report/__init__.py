"""The command `cxone-report`: show audit logs as one HTML page."""
