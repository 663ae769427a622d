"""Nova's scheduler finds no host for a machine whose metadata ask for that."""

from nova import context, objects
from nova.scheduler import filters


class NoHostFault(filters.BaseHostFilter):
    """Passes every host, unless the machine's metadata say `slipway-fault = no-host`."""

    def host_passes(self, host_state, spec_obj):
        admin = context.get_admin_context()
        request = objects.BuildRequest.get_by_instance_uuid(admin, spec_obj.instance_uuid)
        return (request.instance.metadata or {}).get("slipway-fault") != "no-host"
