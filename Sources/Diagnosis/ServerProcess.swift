// SPDX-License-Identifier: Apache-2.0

internal import Model

extension Case {
    /// The server's process when the data end, as the host numbers it; `nil` where that is not sure.
    ///
    /// A log in a container counts processes from 1, and a small number is init's or a daemon's of
    /// the host, so without a reading of /proc only a large one of a server outside of containers
    /// is taken.
    var livingPID: Int32? {
        guard incident.status != .ended else { return nil }
        let newest = incident.instance.pids.last { $0 > 0 }
        let read =
            incident.readings.all(.vmRSS, where: Self.isServerProcess)
            + incident.readings.all(.limitProcesses, where: Self.isServerProcess)
            + incident.readings.all(.limitOpenFiles, where: Self.isServerProcess)
        let pids = read.filter { $0.at != nil }.compactMap(\.subject.pid)
        guard let newest else { return pids.last }
        if pids.contains(newest) { return newest }
        if !incident.instance.pids.contains(where: pids.contains), let host = pids.last {
            return hasRestarted ? nil : host
        }
        return newest >= 300 && incident.instance.container == nil ? newest : nil
    }

    /// Whether the process that failed has ended, and another took its place or none.
    var hasRestarted: Bool {
        if incident.status == .ended { return true }
        let failed = events(.fork_failed, .operation_failed).last?.header.pid ?? 0
        let pids = incident.instance.pids
        return pids.contains(failed) && pids.last != failed
    }

    /// A command about the server's living process, which `word` names in it.
    func aboutProcess(_ command: (_ word: String) -> String) -> String {
        if let pid = livingPID { return command(String(pid)) }
        return command("\"$(\(FactCommands.searchProcess(incident)))\"")
    }
}
