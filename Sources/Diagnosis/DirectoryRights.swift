// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Whether the server can write in its data directory, as far as readings tell.
struct DirectoryRights {
    private let facts: Case
    private let place: DataDirectory

    init(_ facts: Case) {
        self.facts = facts
        place = DataDirectory(facts)
    }

    /// A reading that bears out an errno or speaks against it.
    struct Proof {
        let evidence: Evidence
        /// Read within the hour before the failure, or while it went on.
        let isTimely: Bool
    }

    func proof(of errno: Errno) -> Proof? {
        switch errno {
        case .EROFS: mount
        case .ENOENT, .ENOTDIR: existence
        case .EACCES, .EPERM: permission
        default: nil
        }
    }

    private func proof(_ reading: Measured, _ isFor: Bool, _ words: String) -> Proof {
        Proof(
            evidence: facts.cite(
                reading, isFor ? .for : .against, "\(words), \(facts.distance(of: reading))"),
            isTimely: place.reach(reading) == .timely
                && (reading.measure != .mountOptions || !place.isOnlyPlace))
    }

    private var mount: Proof? {
        guard let options = place.mountOptions else { return nil }
        let isReadOnly = options.text.split(separator: ",").contains("ro")
        return proof(
            options, isReadOnly,
            isReadOnly ? "mounted read-only" : "mounted for reading and writing")
    }

    private var existence: Proof? {
        guard let mode = facts.nearestInTime(.directoryMode) else { return nil }
        return proof(
            mode, mode.text == "none",
            mode.text == "none" ? "the directory is not there" : "the directory is there")
    }

    /// By owner, group and mode. Root writes wherever no security module keeps it from that.
    private var permission: Proof? {
        guard let mode = facts.nearestInTime(.directoryMode), let bits = Int(mode.text, radix: 8),
            let owner = facts.nearestInTime(.directoryOwner),
            let user = facts.nearestInTime(.userID, where: { $0.pid == mode.subject.pid })
        else { return nil }
        let said =
            "owner \(owner.number), mode \(mode.text), and the server runs as user "
            + "\(user.number)"
        if user.number == 0 { return proof(mode, false, "\(said), who may write everywhere") }
        guard let shift = shift(user, owner, bits) else { return nil }
        // To make a file takes the rights to write and to search.
        let may = bits >> shift & 0o3 == 0o3
        return proof(mode, !may, "\(said), who may \(may ? "" : "not ")write there")
    }

    /// Which of the three groups of bits counts: the owner's, the group's or that of others; `nil`
    /// where that depends on groups that were not read.
    private func shift(_ user: Measured, _ owner: Measured, _ bits: Int) -> Int? {
        if user.number == owner.number { return 6 }
        if let group = facts.nearestInTime(.directoryGroup),
            let groups = facts.nearestInTime(.processGroups)
        {
            let isMember = groups.text.split(separator: ",").contains { Int64($0) == group.number }
            return isMember ? 3 : 0
        }
        // Where both give the same, it does not matter.
        return (bits >> 3 & 0o3 == 0o3) == (bits & 0o3 == 0o3) ? 0 : nil
    }
}
