// SPDX-License-Identifier: Apache-2.0

internal import Model

extension EventMerge {
    /// Records of an input that are compared with others; more would tell no more.
    private static let compared = 20_000

    /// How long each input waits: one whose times are whole seconds, until the end of the second where
    /// another input has its records with a finer time. Of two copies the finer is to come first, since
    /// that is the one that counts.
    static func delays(_ sources: [SourceEvents]) -> [Int64] {
        var out = [Int64](repeating: 0, count: sources.count)
        let coarse = sources.indices.filter { isCoarse(sources[$0].log) }
        guard !coarse.isEmpty, coarse.count < sources.count else { return out }
        var fine: Set<UInt64> = []
        for i in sources.indices where !coarse.contains(i) {
            let log = sources[i].log
            for k in 0..<min(log.count, compared) { fine.insert(log.signature(at: k)) }
        }
        for i in coarse {
            let log = sources[i].log
            let holdsCopy = (0..<min(log.count, compared)).contains {
                fine.contains(log.signature(at: $0))
            }
            if holdsCopy { out[i] = 999_999_999 }
        }
        return out
    }

    private static func isCoarse(_ log: EventLog) -> Bool {
        guard log.count > 0 else { return false }
        return (0..<min(log.count, 64)).allSatisfy { log.stamp(at: $0).precision == .second }
    }
}
