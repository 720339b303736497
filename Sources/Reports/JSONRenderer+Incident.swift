// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Model

extension Incident {
    var json: JSONValue {
        .object([
            JSONMember("id", .string(id)),
            JSONMember("supersedes", JSONValue(strings: supersedes)),
            JSONMember("kind", .string(kind.rawValue)),
            JSONMember("consequences", JSONValue(strings: consequences)),
            JSONMember("related", JSONValue(strings: related)),
            JSONMember("status", .string(status.rawValue)),
            JSONMember("severity", .string(severity.rawValue)),
            JSONMember("instance", instance.json),
            JSONMember("started_at", JSONValue(startedAt)),
            JSONMember("last_failure_at", JSONValue(lastFailureAt)),
            JSONMember("recovered_at", JSONValue(recoveredAt)),
            JSONMember("failures", failures.json),
            JSONMember("persistence", persistence.json),
            JSONMember("trigger", trigger?.json ?? .null),
            JSONMember("verdict", verdict.json),
            JSONMember("causes", .array(causes.map(\.json))),
            JSONMember("timeline", .array(timeline.map(\.json))),
            JSONMember("memory", .array(memory.map(\.json))),
            JSONMember("facts", .array(facts.map(\.json))),
        ])
    }
}

extension Instance {
    var json: JSONValue {
        .object([
            JSONMember("product", JSONValue(product)),
            JSONMember("version", JSONValue(version)),
            JSONMember("host", JSONValue(host)),
            JSONMember("unit", JSONValue(unit)),
            JSONMember("container", JSONValue(container)),
            JSONMember("port", JSONValue(port)),
            JSONMember("pids", .array(pids.map { .int(Int64($0)) })),
            JSONMember("role", role == .unknown ? .null : .string(role.name)),
            JSONMember("log", JSONValue(log.isEmpty ? nil : log)),
        ])
    }
}

extension SaveTally {
    var json: JSONValue {
        .object([
            JSONMember("succeeded", JSONValue(succeeded)),
            JSONMember("failed", JSONValue(failed)),
            JSONMember("longest_seconds", JSONValue(longestSeconds)),
        ])
    }
}

extension Evidence {
    var json: JSONValue {
        .object([
            JSONMember("direction", .string(direction.rawValue)),
            JSONMember("statement", .string(statement)),
            JSONMember("quote", JSONValue(quote)),
            JSONMember("at", JSONValue(at)),
            JSONMember("source", source.json),
            JSONMember("value", JSONValue(value)),
            JSONMember("unit", JSONValue(unit)),
        ])
    }
}

extension Optional<SourceReference> {
    fileprivate var json: JSONValue {
        guard let self else { return .null }
        return .object([
            JSONMember("path", .string(self.path)),
            JSONMember("line", JSONValue(self.line)),
            JSONMember("offset", JSONValue(self.offset)),
            JSONMember("cursor", JSONValue(self.cursor)),
        ])
    }
}

// MARK: - Counts and stakes

extension FailureCounts {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("total", JSONValue(total)),
            JSONMember("reported", JSONValue(reported)),
            JSONMember("hidden_at_least", JSONValue(hiddenAtLeast)),
            JSONMember("by_operation", .object(operations.map(\.member))),
            JSONMember("by_errno", .object(errnos.map(\.member))),
        ])
    }

    /// The operations that failed, most frequent first.
    var operations: [NamedCount] {
        NamedCount.sorted(byOperation.map { NamedCount(name: $0.key.rawValue, count: $0.value) })
    }

    /// The error numbers seen, most frequent first.
    var errnos: [NamedCount] {
        NamedCount.sorted(byErrno.map { NamedCount(name: $0.key.rawValue, count: $0.value) })
    }
}

/// How often something of that name was seen.
struct NamedCount {
    var name: String
    var count: Int

    fileprivate var member: JSONMember { JSONMember(name, JSONValue(count)) }

    /// Without zeros; the most frequent first, then by name, so that no dictionary's order shows.
    static func sorted(_ counts: [NamedCount]) -> [NamedCount] {
        counts.filter { $0.count != 0 }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}

extension Persistence {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("last_success_at", JSONValue(lastSuccessAt)),
            JSONMember("exposure", .string(exposure.rawValue)),
            JSONMember("exposed_from", JSONValue(exposedFrom)),
            JSONMember("exposed_until", JSONValue(exposedUntil)),
            JSONMember("lost", lost?.json ?? .null),
            JSONMember("changes_since_last_save", JSONValue(changesSinceLastSave)),
            JSONMember("writes_refused", writesRefused?.json ?? .null),
            JSONMember("saves", saves.json),
            JSONMember("statement", JSONValue(statement.isEmpty ? nil : statement)),
        ])
    }
}

extension Persistence.Span {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("from", JSONValue(from)),
            JSONMember("to", JSONValue(to)),
            JSONMember("basis", .string(basis)),
        ])
    }
}

extension Persistence.Refusal {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("from", JSONValue(from)),
            JSONMember("until", JSONValue(until)),
            JSONMember("inferred", JSONValue(inferred)),
        ])
    }
}

extension Trigger {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("statement", .string(statement)),
            JSONMember("at", JSONValue(at)),
            JSONMember("evidence", .array(evidence.map(\.json))),
        ])
    }
}

// MARK: - Diagnosis

extension Verdict {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("state", .string(state.rawValue)),
            JSONMember("between", JSONValue(strings: between)),
            JSONMember("next_command", JSONValue(nextCommand)),
            JSONMember(
                "statement",
                .string(
                    [statement, statementOfRefusals].filter { !$0.isEmpty }.joined(separator: " "))),
        ])
    }
}

extension Finding {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("id", .string(id)),
            JSONMember("role", .string(role.rawValue)),
            JSONMember("verdict", .string(verdict.rawValue)),
            JSONMember("confidence", .string(confidence.rawValue)),
            JSONMember("statement", .string(statement)),
            JSONMember("arithmetic", .array(arithmetic.map(\.json))),
            JSONMember("evidence", .array(evidence.map(\.json))),
            JSONMember("missing", .array(missing.map(\.json))),
            JSONMember("remedies", .array(remedies.map(\.json))),
        ])
    }
}

extension Quantity {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("name", .string(name)),
            JSONMember("value", JSONValue(value)),
            JSONMember("unit", .string(unit)),
            JSONMember("source", .string(source)),
        ])
    }
}

extension MissingFact {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("what", .string(what)),
            JSONMember("why", .string(why)),
            JSONMember("command", .string(command)),
        ])
    }
}

extension Remedy {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("order", JSONValue(order)),
            JSONMember("text", .string(text)),
            JSONMember("command", .string(command)),
            JSONMember("precheck", .string(precheck)),
            JSONMember("expect", .string(expect)),
            JSONMember("rollback", .string(rollback)),
            JSONMember("caveat", .string(caveat)),
            JSONMember("permanent", .bool(permanent)),
        ])
    }
}

// MARK: - What happened

extension TimelineEntry {
    /// How the time was inferred that stands in no line.
    private var inference: String? {
        at != nil && uncertaintySeconds == nil ? "the time of the record above" : nil
    }

    var json: JSONValue {
        .object([
            JSONMember("at", JSONValue(at)),
            JSONMember("local", JSONValue(local)),
            JSONMember("uncertainty_seconds", JSONValue(uncertaintySeconds)),
            JSONMember("inferred", JSONValue(inference)),
            JSONMember("kind", .string(kind)),
            JSONMember("severity", .string(severity.rawValue)),
            JSONMember("text", .string(text)),
            JSONMember("quote", JSONValue(quote)),
            JSONMember("count", JSONValue(count)),
            JSONMember("last_at", JSONValue(lastAt)),
            JSONMember("source", source.json),
        ])
    }
}

extension MemorySample {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("at", JSONValue(at)),
            JSONMember("offset_seconds", JSONValue(offsetSeconds)),
            JSONMember("scope", .string(scope.rawValue)),
            JSONMember("subject", JSONValue(subject)),
            JSONMember("values", .object(values.map { JSONMember($0.name, .int($0.value)) })),
            JSONMember("source", source.json),
        ])
    }
}

extension Fact {
    fileprivate var json: JSONValue {
        .object([
            JSONMember("name", .string(name)),
            JSONMember("value", .string(value)),
            JSONMember("at", JSONValue(at)),
            JSONMember("reach", .string(reach)),
            JSONMember("source", source.json),
        ])
    }
}
