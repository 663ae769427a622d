"""What a verb tells the deploy build besides its sentence: values that become build properties."""

import json


def print_properties(**values: object) -> None:
    """Print a line that `steps/agent_step.py` reads: `properties: ` and a JSON object."""
    print(f"properties: {json.dumps(values)}", flush=True)
