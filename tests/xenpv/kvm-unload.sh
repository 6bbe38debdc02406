#!/bin/sh
# KVM's guest goes on while our module is unloaded: see tests/host/kvm.c.  Its modules
# are not loaded on all machines, and not left there.
loaded=
while read -r module; do
	insmod "/lib/modules/$module" 2>/dev/null && loaded="$module $loaded"
done </lib/modules/order.kvm
[ -e /dev/kvm ] || echo "SKIP no KVM"
[ ! -e /dev/kvm ] || /tests/host/kvm unload
insmod /lib/lg.ko
for module in $loaded; do
	rmmod "${module%.ko}"
done
