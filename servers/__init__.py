"""The servers of an environment: finds, creates, prepares and deletes their machines."""
