// SPDX-License-Identifier: Apache-2.0

internal import Model

extension Case {
    /// The systemd unit that commands name: the one that is known, else the one of the server's
    /// cgroup, as the kernel named it at a kill or /proc/PID/cgroup did, else the usual one.
    var serverUnit: String {
        if let unit = incident.instance.unit { return unit }
        let kills = events(.oom_constraint, .pids_rejected).filter {
            $0["comm"] == nil || $0.isServerFamily
        }
        let read = [Measure.cgroupPath, .pidsCgroupPath].flatMap {
            incident.readings.all($0, where: Self.isServerProcess)
        }
        let paths = kills.compactMap { $0["cgroup"] } + read.map(\.text)
        return paths.compactMap(Self.unit).first ?? usualUnit
    }

    /// `valkey-server.service` of `/system.slice/valkey-server.service`.
    ///
    /// The unit of a container's engine or of a user's session is not the server's.
    static func unit(ofCgroup path: String) -> String? {
        guard let name = path.split(separator: "/").last(where: { $0.hasSuffix(".service") }),
            path.hasSuffix("/" + name), !name.hasPrefix("user@"),
            !["docker", "containerd", "crio", "podman"].contains(name.dropLast(8)),
            name.utf8.allSatisfy(isOfUnitName)
        else { return nil }
        return String(name)
    }

    /// What systemd.unit(5) allows in a name, but for the backslash, which a shell would take.
    private static func isOfUnitName(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || Array(":-_.@".utf8).contains(byte)
    }

    private var usualUnit: String {
        switch incident.instance.product {
        case "valkey": "valkey-server.service"
        case "keydb": "keydb-server.service"
        default: "redis-server.service"
        }
    }
}
