// SPDX-License-Identifier: Apache-2.0

internal import Model

/// What keeps a server running, and so is told of limits: none of them knows the others.
enum Keeper {
    case unit(String)
    /// A container of Kubernetes, and its pod where it is named.
    case pod(String?)
    /// A container of docker or podman, and its name or id where it is known.
    case container(String?)
    case unknown

    /// The name of a pod or a container as a word of a command; `nil` where it is none
    /// (moby v27, daemon/names; RFC 1123 for pods).
    static func word(_ name: String?) -> String? {
        guard let name, name.utf8.count <= 253, let first = name.utf8.first,
            first &- 0x30 < 10 || (first | 0x20) &- 0x61 < 26,
            name.utf8.allSatisfy({ byte in
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
                    || byte == 0x2D || byte == 0x2E || byte == 0x5F
            })
        else { return nil }
        return name
    }
}

extension Case {
    /// Who keeps the server, as far as something says so.
    var keeper: Keeper {
        let own = incident.readings.snapshots.filter { $0.tie == .own }.map(\.snapshot)
        let paths = cgroupPaths
        let pods = Set(own.compactMap { $0.text(.podName) })
        if let pod = pods.first {
            // Several pods in one paste: which of them it is, nothing says.
            return .pod(pods.count == 1 ? pod : incident.instance.container.flatMap(pods.pick))
        }
        if paths.contains(where: { $0.contains("kubepods") }) { return .pod(nil) }
        if let unit = serverUnit { return .unit(unit) }
        let isContainer = paths.contains { path in
            ["/docker/", "docker-", "libpod-", "/crio-", "cri-containerd-"].contains(
                where: path.contains)
        }
        let names = Set(own.compactMap { $0.text(.containerName) })
        guard isContainer || !names.isEmpty || incident.instance.container != nil else {
            return .unknown
        }
        let ids = paths.compactMap(Self.containerID)
        return .container(
            incident.instance.container ?? (names.count == 1 ? names.first : ids.first))
    }

    /// The systemd unit of the server: the one that its log names, else the one of its cgroup, as
    /// the kernel named it at a kill or /proc/PID/cgroup did, else the only one that `systemctl`
    /// was asked about; `nil` where nothing tells.
    ///
    /// A name that systemd would not take is nobody's unit.
    var serverUnit: String? {
        if let unit = incident.instance.unit, Self.isServers(unit) { return unit }
        if let unit = cgroupPaths.compactMap(Self.unit).first { return unit }
        // systemd's own lines about a unit whose end belongs to the incident.
        let told = Set(events(.unit_failed, .unit_oom).compactMap { $0["unit"] })
        if told.count == 1, let unit = told.first, Self.isServers(unit) { return unit }
        let read = incident.readings.all(.unitName, where: Self.isCgroup)
            .filter { $0.placed.tie == .own && Self.isServers($0.text) }
        let named = read.filter { reading in
            reading.subject.pid.map(incident.instance.pids.contains) ?? false
        }
        let units = Set((named.isEmpty ? read : named).map(\.text))
        return units.count == 1 ? units.first : nil
    }

    /// Cgroups of the server's processes.
    private var cgroupPaths: [String] {
        let kills = events(.oom_constraint, .pids_rejected).filter {
            $0["comm"] == nil || $0.isServerFamily
        }
        let read = [Measure.cgroupPath, .pidsCgroupPath].flatMap {
            incident.readings.all($0, where: Self.isServerProcess)
        }
        return kills.compactMap { $0["cgroup"] } + read.map(\.text)
    }

    /// The unit as one word of a command; where nothing names it, what asks ps(1) for it, since a
    /// usual name may be another server's.
    var unitWord: String { serverUnit.flatMap(ShellWord.quoted) ?? "\"$(\(findUnit))\"" }

    /// Prints the unit's name. Of several it prints all, which systemctl takes for none.
    private var findUnit: String {
        incident.status == .ended
            ? "\(Self.listUnits) | cut -d' ' -f1" : aboutProcess { "ps -o unit= -p \($0)" }
    }

    private static let listUnits =
        "systemctl list-units --all --plain --no-legend '*redis*.service' '*valkey*.service' "
        + "'*keydb*.service'"

    /// What is to be said where the unit is not known, else nothing. Begins with a blank.
    var unitNote: String {
        guard serverUnit == nil else { return "" }
        guard incident.status != .ended else {
            return " The data does not name the server's unit: \(Self.listUnits) must print it "
                + "alone."
        }
        return
            " The data does not name the server's unit: \(findUnit) does. Without a .service there, no unit of systemd keeps the server."
    }

    /// The id that a container's cgroup ends in: `/docker/0123…`, `docker-0123….scope`.
    private static func containerID(_ path: String) -> String? {
        let name = path.split(separator: "/").last ?? ""
        let id = (name.hasSuffix(".scope") ? name.dropLast(6) : name).split(separator: "-").last
        guard let id, id.utf8.count == 64,
            id.utf8.allSatisfy({ $0 &- 0x30 < 10 || $0 &- 0x61 < 6 })
        else { return nil }
        return String(id.prefix(12))
    }

    /// `valkey-server.service` of `/system.slice/valkey-server.service`.
    static func unit(ofCgroup path: String) -> String? {
        guard let name = path.split(separator: "/").last(where: { $0.hasSuffix(".service") }),
            path.hasSuffix("/" + name), isServers(String(name))
        else { return nil }
        return String(name)
    }

    /// The unit of systemd that a group is, as one word of a command: `system.slice` of
    /// `/system.slice`; `nil` for one that an engine of containers made.
    static func unitWord(ofGroup path: String) -> String? {
        guard !path.contains("kubepods"),
            let name = path.split(separator: "/").last.map(String.init),
            [".slice", ".service", ".scope"].contains(where: name.hasSuffix), isUnitName(name),
            containerID(path) == nil
        else { return nil }
        return ShellWord.quoted(name)
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
}

extension Set<String> {
    /// The one of them that `name` begins with or is.
    fileprivate func pick(_ name: String) -> String? {
        if contains(name) { return name }
        let some = filter(name.hasPrefix)
        return some.count == 1 ? some.first : nil
    }
}

extension Case {
    /// A command that sets one line of the unit for good, and the one that takes it back.
    func dropIn(_ name: String, _ setting: String) -> (set: String, undo: String) {
        let reload = "sudo systemctl daemon-reload"
        let line = "printf '[Service]\\n\(setting)\\n' | sudo tee"
        guard let unit = serverUnit else {
            // Nothing is written where ps names no service.
            let find =
                "U=$(\(findUnit) | grep '[.]service$') && D=\"/etc/systemd/system/$U.d\""
            let file = "\"$D/forktopsy-\(name).conf\""
            return (
                set: "\(find) && sudo mkdir -p \"$D\" && \(line) \(file) && \(reload)",
                undo: "\(find) && sudo rm \(file) && \(reload)"
            )
        }
        let folder = "/etc/systemd/system/\(unit).d"
        let file = "\(folder)/forktopsy-\(name).conf"
        let (folderWord, fileWord) = (
            ShellWord.quoted(folder) ?? folder, ShellWord.quoted(file) ?? file
        )
        return (
            set: "sudo mkdir -p \(folderWord) && \(line) \(fileWord) && \(reload)",
            undo: "sudo rm \(fileWord) && \(reload)"
        )
    }
}
