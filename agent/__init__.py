"""The deployment agent: the program on every server that makes a release live there.

The deploy worker runs one verb after another on each server of a component
(`steps/agent_step.py`). The verbs in their order:

- `prepare` (`agent/prepare.py`): verify and unpack the release, and render its configuration.
- `rehearse` (`agent/rehearse.py`): run the release's migration on a copy of the database, start the
  release, and request its pages before visitors reach it.
- `switch` (`agent/switch.py`): migrate the database if that changes it, make the release live, and
  request its pages as visitors do.
- `keep` (`agent/switch.py`): end a switch that several servers have made together.
- `abandon` (`agent/abandon.py`): end a deployment that a failed or killed build left unfinished.
- `status` (`agent/status.py`): print which releases are installed, and which one is live.

`agent/recovery.py` undoes a deployment when a verb fails, and when the next verb finds a killed
one. `agent/component_directory.py` says which files a component has, `agent/journal.py` what was
done to them. The agent imports `model`, `releases` and the packages in `agent/requirements.in`.
"""
