// SPDX-License-Identifier: Apache-2.0

package import Model

/// Every string of a report that may come from an input, in one place.
///
/// Left alone are ids, kinds and hashes, which Forktopsy makes itself. A test plants a mark in
/// each field and fails when one is missing here.
extension Report {
    /// Replaces each such string by what `map` makes of it, in the order of the report.
    package mutating func mapStrings(_ map: (String) -> String) {
        mapBeginning(map)
        for i in incidents.indices { incidents[i].mapStrings(map) }
        mapEnd(map)
    }

    /// The strings that stand before the incidents.
    mutating func mapBeginning(_ map: (String) -> String) {
        verdict = map(verdict)
        for i in inputs.indices { inputs[i].mapStrings(map) }
    }

    /// The strings that stand behind the incidents.
    mutating func mapEnd(_ map: (String) -> String) {
        for i in outlook.indices { outlook[i].mapStrings(map) }
    }
}

extension Optional<String> {
    fileprivate mutating func mapStrings(_ map: (String) -> String) { self = self.map(map) }
}

extension InputReport {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        facts.path = map(facts.path)
        facts.format = map(facts.format)
        for i in clock.indices { clock[i].shownBy = clock[i].shownBy.map(map) }
        facts.problems = facts.problems.map(map)
    }
}

extension Outlook {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        instance.mapStrings(map)
        statement = map(statement)
        for i in evidence.indices { evidence[i].mapStrings(map) }
    }
}

extension Incident {
    /// Replaces each string of the incident, in the order of the report.
    mutating func mapStrings(_ map: (String) -> String) {
        instance.mapStrings(map)
        persistence.mapStrings(map)
        trigger?.mapStrings(map)
        verdict.nextCommand.mapStrings(map)
        verdict.statement = map(verdict.statement)
        if !verdict.statementOfRefusals.isEmpty {
            verdict.statementOfRefusals = map(verdict.statementOfRefusals)
        }
        for i in causes.indices { causes[i].mapStrings(map) }
        for i in timeline.indices { timeline[i].mapStrings(map) }
        for i in memory.indices { memory[i].mapStrings(map) }
        for i in facts.indices { facts[i].mapStrings(map) }
    }
}

extension Instance {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        product.mapStrings(map)
        version.mapStrings(map)
        host.mapStrings(map)
        unit.mapStrings(map)
        container.mapStrings(map)
        log = map(log)
    }
}

extension Persistence {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        statement = map(statement)
        if let basis = lost?.basis { lost?.basis = map(basis) }
        writesRefused?.inferred.mapStrings(map)
    }
}

extension Trigger {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        statement = map(statement)
        for i in evidence.indices { evidence[i].mapStrings(map) }
    }
}

extension Finding {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        statement = map(statement)
        for i in arithmetic.indices { arithmetic[i].mapStrings(map) }
        for i in evidence.indices { evidence[i].mapStrings(map) }
        for i in missing.indices { missing[i].mapStrings(map) }
        for i in remedies.indices { remedies[i].mapStrings(map) }
    }
}

extension Quantity {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        name = map(name)
        unit = map(unit)
        source = map(source)
    }
}

extension Evidence {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        statement = map(statement)
        quote.mapStrings(map)
        unit.mapStrings(map)
        source?.mapStrings(map)
    }
}

extension SourceReference {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        path = map(path)
        cursor.mapStrings(map)
    }
}

extension MissingFact {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        what = map(what)
        why = map(why)
        command = map(command)
    }
}

extension Remedy {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        text = map(text)
        command = map(command)
        precheck = map(precheck)
        expect = map(expect)
        rollback = map(rollback)
        caveat = map(caveat)
    }
}

extension TimelineEntry {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        local.mapStrings(map)
        text = map(text)
        quote.mapStrings(map)
        source?.mapStrings(map)
    }
}

extension MemorySample {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        values = values.map { (name: map($0.name), value: $0.value) }
        subject = subject.map(map)
        source?.mapStrings(map)
    }
}

extension Fact {
    fileprivate mutating func mapStrings(_ map: (String) -> String) {
        name = map(name)
        value = map(value)
        reach = map(reach)
        source?.mapStrings(map)
    }
}
