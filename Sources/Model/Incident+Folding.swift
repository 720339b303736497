// SPDX-License-Identifier: Apache-2.0

/// What was taken out of an incident for the time in which only its figures are needed.
package struct FoldedEvidence: Sendable {
    fileprivate let store: EventStore
    fileprivate let slot: EventSlot
}

extension Incident {
    /// Puts the events and the timeline into `store`, packed: a log may hold thousands of incidents,
    /// and each of them takes some 10 KB as long as it is open.
    package mutating func fold(into store: EventStore) {
        guard folded == nil else { return }
        let packer = EvidencePacker(
            IncidentEvidence(
                timeline: timeline, observations: observations,
                childrenElsewhere: childrenElsewhere, vanished: vanished, trigger: trigger))
        folded = FoldedEvidence(store: store, slot: store.keep(EventBlock(bytes: packer.bytes)))
        (timeline, observations, childrenElsewhere, vanished) = ([], [], [], [])
        trigger = nil
    }

    /// The incident with all that `fold` has put away.
    package var unfolded: Incident {
        guard let folded else { return self }
        var unpacker = EvidenceUnpacker(folded.store.block(folded.slot).bytes)
        let evidence = unpacker.evidence()
        var out = self
        out.folded = nil
        out.timeline = evidence.timeline
        out.observations = evidence.observations
        out.childrenElsewhere = evidence.childrenElsewhere
        out.vanished = evidence.vanished
        out.trigger = evidence.trigger
        return out
    }

    /// The incident with its figures and its verdict alone.
    package var withoutEvidence: Incident {
        var out = self
        (out.timeline, out.observations, out.childrenElsewhere, out.vanished) = ([], [], [], [])
        (out.memory, out.facts, out.causes) = ([], [], [])
        (out.trigger, out.folded) = (nil, nil)
        out.readings = Readings()
        return out
    }
}
