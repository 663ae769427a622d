"""The Nova driver: each instance is a machine booted from the image that Glance serves.

What Nova itself would put on a config drive is laid into the machine, where cloud-init's source
ConfigDrive finds it. Metadata `slipway-fault` makes a machine go wrong: see `FAULT`.
"""

import os
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import nova.conf
from nova import exception
from nova.api.metadata.base import InstanceMetadata
from nova.compute import power_state, task_states
from nova.image import glance
from nova.virt import event, fake, hardware, node

from slipcloud import security
from tests.cloud import images, network
from tests.cloud.layout import MARK, Layout
from tests.cloud.machine import Machine

CONF = nova.conf.CONF
FAULT = "slipway-fault"
"""`no-host` (see filters.py), `spawn`: the machine cannot be made; `hang`: it is never ready;
`mute`: it is ACTIVE, but never runs its user data."""
SEED = "var/lib/cloud/seed/config_drive"
VCPUS, MEMORY, DISK = 24, 24_576, 500
"""What the host pretends to have, in MiB and GiB."""


class MachineDriver(fake.FakeDriver):
    """Nova's own driver for its tests, with real machines."""

    vcpus, memory_mb, local_gb = VCPUS, MEMORY, DISK

    def init_host(self, host):
        super().init_host(host)
        self.layout = Layout(Path(os.environ[MARK]), int(os.environ[f"{MARK}_FIRST_PORT"]))
        self.uuid = node.get_local_node_uuid()
        self.images = glance.API()
        security.watch(self.layout)

    def get_nodenames_by_uuid(self, refresh=False):
        """One node, whose identity survives a restart; FakeDriver's is random."""
        return {self.uuid: self._nodes[0]}

    def get_available_resource(self, nodename):
        found = super().get_available_resource(nodename)
        return found | {"uuid": self.uuid} if found else found

    def machine(self, instance):
        return Machine(self.layout, instance.uuid)

    def spawn(
        self,
        context,
        instance,
        image_meta,
        injected_files,
        admin_password,
        allocations,
        network_info=None,
        block_device_info=None,
        power_on=True,
        accel_info=None,
    ):
        fault = (instance.metadata or {}).get(FAULT)
        if fault == "hang":
            until_deleted(instance)
        if fault == "spawn":
            raise exception.BuildAbortException(
                instance_uuid=instance.uuid, reason="asked for by metadata"
            )
        machine = self.machine(instance)
        machine.prepare(self.tree(context, image_meta), {})
        machine.write(config_drive(instance, network_info, mute=fault == "mute"))
        interfaces = [interface(vif) for vif in network_info or ()]
        network.plug(self.layout, machine.namespace, interfaces)
        super().spawn(context, instance, image_meta, injected_files, admin_password, allocations)
        self.start(instance)

    def tree(self, context, image_meta):
        """The image's tree, downloaded and unpacked when no machine needed it before."""
        name = str(image_meta.checksum)
        with _unpacking, TemporaryDirectory(dir=self.layout.state) as folder:
            file = Path(folder) / "image"
            if not images.unpacked_already(name):
                self.images.download(context, image_meta.id, dest_path=str(file))
            return images.unpacked(file, name)

    def start(self, instance):
        security.apply_now(self.layout, again=instance.uuid)
        process = self.machine(instance).start()
        self.instances[instance.uuid].state = power_state.RUNNING
        threading.Thread(target=self.follow, args=(instance.uuid, process), daemon=True).start()

    def follow(self, uuid, process):
        """Tell Nova when a machine has shut itself down."""
        process.wait()
        if uuid in self.instances:
            self.instances[uuid].state = power_state.SHUTDOWN
            self.emit_event(event.LifecycleEvent(uuid, event.EVENT_LIFECYCLE_STOPPED))

    def destroy(
        self,
        context,
        instance,
        network_info,
        block_device_info=None,
        destroy_disks=True,
        destroy_secrets=True,
    ):
        self.instances.pop(instance.uuid, None)
        self.machine(instance).remove()

    def cleanup(self, *arguments, **named):
        pass

    def power_off(self, instance, timeout=0, retry_interval=0):
        machine = self.machine(instance)
        machine.shut_down() if timeout else machine.kill()
        super().power_off(instance)

    def power_on(
        self,
        context,
        instance,
        network_info,
        block_device_info=None,
        accel_info=None,
        share_info=None,
    ):
        if not self.machine(instance).process:
            self.start(instance)

    def reboot(
        self,
        context,
        instance,
        network_info,
        reboot_type,
        block_device_info=None,
        bad_volumes_callback=None,
        accel_info=None,
        share_info=None,
    ):
        machine = self.machine(instance)
        machine.shut_down() if reboot_type == "SOFT" else machine.kill()
        self.start(instance)

    def get_info(self, instance, use_cache=True):
        if instance.uuid not in self.instances:
            raise exception.InstanceNotFound(instance_id=instance.uuid)
        runs = self.machine(instance).process
        return hardware.InstanceInfo(power_state.RUNNING if runs else power_state.SHUTDOWN)

    def get_console_output(self, context, instance):
        try:
            return self.machine(instance).console.read_bytes()
        except OSError:
            return b""


_unpacking = threading.Lock()


def interface(vif):
    """A port as Nova describes it, in our words; its first address counts."""
    subnet = vif["network"]["subnets"][0]
    return network.Interface(
        port=vif["id"],
        network=vif["network"]["id"],
        mac=vif["address"],
        address=subnet["ips"][0]["address"],
        prefix=int(subnet["cidr"].split("/")[1]),
        gateway=subnet["gateway"]["address"],
    )


def config_drive(instance, network_info, *, mute):
    """The files of the machine's config drive, as they lie in its root.

    Without its networks: they are set up from outside, where cloud-init sees no devices.
    """
    left_out = ("network_data", "user_data", "user-data") if mute else ("network_data",)
    metadata = InstanceMetadata(instance, network_info=network_info)
    return {
        f"{SEED}/{path}": content if isinstance(content, bytes) else content.encode()
        for path, content in metadata.metadata_for_config_drive()
        if not any(name in path for name in left_out)
    }


def until_deleted(instance):
    """Wait as a machine does that never comes up; raises what Nova expects when it is deleted."""
    while True:
        instance.refresh()
        if instance.task_state == task_states.DELETING:
            raise exception.UnexpectedDeletingTaskStateError(
                instance_uuid=instance.uuid,
                expected={"task_state": [task_states.SPAWNING]},
                actual={"task_state": task_states.DELETING},
            )
        time.sleep(0.3)  # Nova tells a driver of no deletion: only its database knows
