// SPDX-License-Identifier: Apache-2.0

package import Model

/// Completes what a log says of its server by what was read of it: a plain log names neither the
/// host nor, without a start in it, the product.
package struct ServerNames {
    private var hosts: [Key: Set<String>] = [:]
    private var servers: [Key: Set<Server>] = [:]
    private var logs: [String: Int] = [:]

    /// A process, or any server, of the input that is a log.
    private struct Key: Hashable {
        var path: String
        var pid: Int32?
    }

    private struct Server: Hashable {
        var product: String
        var version: String?
    }

    /// `instances`: every server that wrote something.
    package init(_ sources: [SnapshotSource], instances: [Instance]) {
        for instance in instances { logs[instance.log, default: 0] += 1 }
        for source in sources where logs[source.path] != nil {
            source.log.forEach { learn($0, source.path) }
        }
    }

    private mutating func learn(_ snapshot: Snapshot, _ path: String) {
        let subject = snapshot.subject
        let key = Key(path: path, pid: subject.pid)
        if let host = subject.host, subject.pid != nil, !subject.isChild,
            subject.scope == .process || subject.scope == .server
        {
            hosts[key, default: []].insert(host)
        }
        guard subject.scope == .server, let product = snapshot.text(.serverProduct) else { return }
        servers[key, default: []].insert(
            Server(product: product, version: snapshot.text(.serverVersion)))
    }

    /// The instance with the host that its process was read on, and with the product and version
    /// that INFO tells: of that process, or without a process in the log of one server.
    package func completed(_ instance: Instance) -> Instance {
        guard logs[instance.log] != nil else { return instance }
        var out = instance
        // Small ids are those of containers, and fit any.
        let known = instance.pids.filter { $0 >= 100 }.map { Key(path: instance.log, pid: $0) }
        if out.host == nil, out.container == nil {
            let named = known.reduce(into: Set<String>()) { $0.formUnion(hosts[$1] ?? []) }
            if named.count == 1 { out.host = named.first }
        }
        guard out.product == nil, out.version == nil else { return out }
        var told = known.reduce(into: Set<Server>()) { $0.formUnion(servers[$1] ?? []) }
        if told.isEmpty, logs[instance.log] == 1 {
            told = servers[Key(path: instance.log, pid: nil)] ?? []
        }
        if told.count == 1, let server = told.first {
            out.product = server.product
            out.version = server.version
        }
        return out
    }
}
