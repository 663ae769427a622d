"""Why a build starts; one reason a module."""
