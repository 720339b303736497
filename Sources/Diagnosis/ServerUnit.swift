// SPDX-License-Identifier: Apache-2.0

internal import Model

extension Case {
    /// The systemd unit that commands name: the one that is known, else the one of the server's
    /// cgroup, as the kernel named it at a kill or /proc/PID/cgroup did, else the usual one.
    ///
    /// A name that systemd would not take is nobody's unit.
    var serverUnit: String {
        if let unit = incident.instance.unit, Self.isServers(unit) { return unit }
        let kills = events(.oom_constraint, .pids_rejected).filter {
            $0["comm"] == nil || $0.isServerFamily
        }
        let read = [Measure.cgroupPath, .pidsCgroupPath].flatMap {
            incident.readings.all($0, where: Self.isServerProcess)
        }
        let paths = kills.compactMap { $0["cgroup"] } + read.map(\.text)
        return paths.compactMap(Self.unit).first ?? usualUnit
    }

    /// The unit as one word of a command.
    var unitWord: String { ShellWord.quoted(serverUnit) ?? usualUnit }

    /// `valkey-server.service` of `/system.slice/valkey-server.service`.
    static func unit(ofCgroup path: String) -> String? {
        guard let name = path.split(separator: "/").last(where: { $0.hasSuffix(".service") }),
            path.hasSuffix("/" + name), isServers(String(name))
        else { return nil }
        return String(name)
    }

    /// Whether it is the name of a unit, and neither of a container's engine nor of a user's
    /// session, which are not the server's.
    static func isServers(_ unit: String) -> Bool {
        isUnitName(unit) && unit.hasSuffix(".service") && !unit.hasPrefix("user@")
            && !["docker", "containerd", "crio", "podman"].contains(unit.dropLast(8))
    }

    /// What systemd.unit(5) allows: 255 characters of a few kinds. A name that a command would take
    /// for an option is left out.
    private static func isUnitName(_ name: String) -> Bool {
        let allowed = Array(":-_.@\\".utf8)
        return name.utf8.count <= 255 && name.utf8.first != UInt8(ascii: "-")
            && name.utf8.allSatisfy { byte in
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || allowed.contains(byte)
            }
    }

    private var usualUnit: String {
        switch incident.instance.product {
        case "valkey": "valkey-server.service"
        case "keydb": "keydb-server.service"
        default: "redis-server.service"
        }
    }
}

extension Case {
    /// A command that sets one line of the unit for good, and the one that takes it back.
    func dropIn(_ name: String, _ setting: String) -> (set: String, undo: String) {
        let folder = "/etc/systemd/system/\(serverUnit).d"
        let file = "\(folder)/forktopsy-\(name).conf"
        let (folderWord, fileWord) = (
            ShellWord.quoted(folder) ?? folder, ShellWord.quoted(file) ?? file
        )
        return (
            set: "sudo mkdir -p \(folderWord) && printf '[Service]\\n\(setting)\\n' | sudo tee "
                + "\(fileWord) && sudo systemctl daemon-reload",
            undo: "sudo rm \(fileWord) && sudo systemctl daemon-reload"
        )
    }
}
