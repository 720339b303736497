// SPDX-License-Identifier: Apache-2.0

internal import Model

/// Buffers of clients and replicas, not data, filled much of the memory.
///
/// Mechanism: what a client has not read yet waits in the server's heap (redis 7.2.4,
/// src/networking.c); buffers of replicas and the AOF do not count towards maxmemory
/// (src/evict.c, `freeMemoryGetNotCountedMemory`).
/// For: mem_clients_normal, mem_clients_slaves or mem_not_counted_for_evict a fifth of used_memory
/// and more; clients that were dropped at their output buffer limit.
/// Against: a dataset that grew as much.
/// Settled by: CLIENT LIST: omem and tot-mem of each client.
/// To do: find the slow reader; bound its class with client-output-buffer-limit.
enum ClientBuffers: Cause {
    static let id = CauseID.client_buffers
    static let role = Finding.Role.contributing

    static func judge(_ facts: Case) -> Finding? {
        guard
            facts.isKilledForMemory || !facts.events(.memory_refused).isEmpty
                || facts.isRefusedMemory && facts.isStrict == true
        else { return nil }
        let drops = facts.events(.output_buffer_exceeded)
        guard let parts = parts(facts) else {
            guard facts.isKilledForMemory, !drops.isEmpty else { return nil }
            return finding(
                .possible, .low,
                "Clients were dropped at their output buffer limit: what they had not read filled "
                    + "memory.",
                evidence: facts.cite(drops, "the line names what waited (omem)"))
        }
        var out = finding(
            .likely, .medium,
            "\(facts.spoken(parts.bytes)), \(facts.percent(parts.bytes, of: parts.used.number)) of "
                + "used_memory, were buffers of clients and replicas, not data.",
            evidence: parts.readings.map {
                facts.cite($0, .for, "\($0.measure.name), \(facts.distance(of: $0))")
            } + facts.cite(drops, "a client was dropped at its limit"))
        out.arithmetic =
            parts.readings.map { facts.quantity($0.measure.name, $0) }
            + [facts.quantity("used_memory", parts.used)]
        out.remedies = [
            .reading(
                "Find the clients that do not read what they asked for.",
                command: "\(facts.client) CLIENT LIST | tr ' ' '\\n' | grep -E "
                    + "'^(addr|name|flags|omem)=' | paste - - - - | sort -t= -k5 -n | tail -5; "
                    + "\(facts.client) CONFIG GET client-output-buffer-limit",
                expect: "The largest omem at the end; flags=S is a replica, flags=P a subscriber.",
                caveat: "A limit that is too low drops replicas in the middle of a "
                    + "synchronisation, and each of them forces another fork.")
        ]
        return out
    }

    /// The parts of used_memory that are buffers, where they are a fifth of it.
    private static func parts(
        _ facts: Case
    ) -> (bytes: Int64, readings: [Measured], used: Measured)? {
        guard let used = facts.nearest(.usedMemory, where: Case.isServer), used.number > 0 else {
            return nil
        }
        let clients = [Measure.clientsMemory, .replicasMemory].compactMap {
            facts.nearest($0, where: Case.isServer)
        }.filter { $0.number > 0 }
        let apart = facts.nearest(.notCountedForEviction, where: Case.isServer)
        let sum = clients.reduce(0) { $0 + $1.number }
        let (bytes, readings) =
            apart.map { $0.number > sum } ?? false
            ? (apart?.number ?? 0, [apart].compactMap(\.self)) : (sum, clients)
        guard bytes >= 64 << 20, bytes >= used.number / 5 else { return nil }
        return (bytes, readings, used)
    }
}
