// SPDX-License-Identifier: Apache-2.0
// What the server held and how large it was, by the newest reading of any source.

internal import Model

extension Case {
    /// Readings this close are of one moment; then the process tells more than INFO does.
    private static let sameMoment = 2.0
    /// What a server that does not grow may gain between two readings, at least.
    private static let idleGrowth: Int64 = 16 << 20

    /// Resident memory of the server at or before an instant, by default the first failure: the newest
    /// reading, whether of its process or of INFO.
    func resident(_ instant: Timestamp? = nil) -> Measured? {
        let process = before(.vmRSS, instant, where: Self.isServerProcess)
        let server = before(.usedMemoryRSS, instant, where: Self.isServer)
        guard let process, let server else { return process ?? server }
        guard let older = process.at, let newer = server.at else { return process }
        return newer.seconds(since: older) > Self.sameMoment ? server : process
    }

    /// Resident memory of the server before the first failure, or what INFO says of its data where
    /// that is more or all there is.
    var held: Measured? {
        let used = before(.usedMemory, where: Self.isServer)
        guard let resident = resident() else { return used }
        guard let used, let newer = used.at, let older = resident.at, newer > older,
            used.number > resident.number
        else { return resident }
        return used
    }

    /// Resident memory near the first failure, before it or after.
    var heldNearby: Measured? {
        held ?? nearest(.vmRSS, where: Self.isServerProcess)
            ?? nearest(.usedMemoryRSS, where: Self.isServer)
    }

    /// Whether the server is seen to have grown between a reading of its size and an instant, by default
    /// the first failure: then the reading bounds nothing from above.
    func isOutgrown(_ size: Measured, by instant: Timestamp? = nil) -> Bool {
        guard let read = size.at, let now = resident(instant), let at = now.at, at > read else {
            return false
        }
        if now.number > size.number { return true }
        let then = size.placed.snapshot[.vmRSS] ?? resident(read)?.number
        guard let then else { return false }
        return now.number - then > max(Self.idleGrowth, then / 10)
    }

    /// The size of the server's process near an instant, where it is still that size then.
    func processSize(_ measure: Measure, _ instant: Timestamp? = nil) -> Measured? {
        let size =
            before(measure, instant, where: Self.isServerProcess)
            ?? nearest(measure, where: Self.isServerProcess)
        return size.flatMap { isOutgrown($0, by: instant) ? nil : $0 }
    }
}
