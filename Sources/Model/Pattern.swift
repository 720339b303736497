// SPDX-License-Identifier: Apache-2.0

/// What the later stages must know of a pattern: not its regex, but what a match means.
package struct PatternInfo: Sendable {
    package var id: String
    package var kind: EventKind
    package var scope: PatternScope
    /// One plain sentence: what the server (or kernel) says with this message.
    package var means: String
    /// Constant values of the event.
    package var constants: [Capture]
    /// The named groups, in the order of their group numbers.
    package var captures: [CaptureSlot]

    package init(
        id: String, kind: EventKind, scope: PatternScope, means: String, constants: [Capture],
        captures: [CaptureSlot]
    ) {
        self.id = id
        self.kind = kind
        self.scope = scope
        self.means = means
        self.constants = constants
        self.captures = captures
    }
}

/// A named group of a pattern, and what its text stands for.
package struct CaptureSlot: Hashable, Sendable {
    package var name: String
    package var type: CaptureType

    package init(name: String, type: CaptureType) {
        self.name = name
        self.type = type
    }
}

/// A value that an event carries, as text.
package struct Capture: Hashable, Sendable {
    package var name: String
    package var text: String

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// What the text of a capture stands for; numbers name their unit.
package enum CaptureType: String, Sendable, CaseIterable {
    case text, int, errno, pid, signal, bytes, kib, mib, seconds, usec, percent, minutes, version
    case path, address, port

    package var isNumber: Bool {
        switch self {
        case .int, .pid, .signal, .bytes, .kib, .mib, .seconds, .usec, .percent, .minutes, .port:
            true
        case .text, .errno, .version, .path, .address: false
        }
    }
}

/// Which records a pattern is tried on.
package enum PatternScope: String, Sendable, CaseIterable {
    /// Records of a redis, valkey or keydb server and of its children, also bare messages.
    case server
    /// Records of role X.
    case sentinel
    case kernel
    /// systemd, systemd-oomd, earlyoom.
    case systemd
    case journald
    /// Lines without any header.
    case raw
    /// Any line that is no record, searched without an anchor.
    case any
}
