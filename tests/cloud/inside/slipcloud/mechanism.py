"""Neutron's driver: every port is bound at once, without an agent on any host.

It also writes down what other parts of the cloud have to know: floating IPs for the relay, and for
the security groups that something changed.
"""

import os
from pathlib import Path

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events, registry, resources
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api

from tests.cloud import network
from tests.cloud.layout import MARK, Layout

DETAILS = {
    portbindings.CAP_PORT_FILTER: True,
    portbindings.VIF_DETAILS_CONNECTIVITY: portbindings.CONNECTIVITY_L2,
}
AFTER = (events.AFTER_CREATE, events.AFTER_UPDATE, events.AFTER_DELETE)
SECURITY = (resources.PORT, resources.SECURITY_GROUP, resources.SECURITY_GROUP_RULE)


class Mechanism(api.MechanismDriver):
    """Binds ports and takes notes."""

    def initialize(self):
        self.layout = Layout(Path(os.environ[MARK]), int(os.environ[f"{MARK}_FIRST_PORT"]))
        for event in AFTER:
            registry.subscribe(self.floating, resources.FLOATING_IP, event)
            for resource in SECURITY:
                registry.subscribe(self.security, resource, event)

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context):
        segment = context.segments_to_bind[0]
        active = constants.PORT_STATUS_ACTIVE
        context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OTHER, DETAILS, status=active)

    def security(self, resource, event, trigger, payload):
        (self.layout.state / "security.changed").touch()

    def floating(self, resource, event, trigger, payload):
        """Write down which machine has the address now, if any."""
        latest = payload.latest_state
        path = self.layout.floating / f"{latest['floating_ip_address']}.json"
        if event == events.AFTER_DELETE or not latest["port_id"]:
            path.unlink(missing_ok=True)
            return
        port = directory.get_plugin().get_port(payload.context.elevated(), latest["port_id"])
        values = {
            "address": latest["floating_ip_address"],
            "machine": latest["fixed_ip_address"],
            "namespace": network.of_network(self.layout, port["network_id"]),
        }
        network.record(path, values)
