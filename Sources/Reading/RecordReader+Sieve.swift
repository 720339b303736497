// SPDX-License-Identifier: Apache-2.0

package import Model

/// How inputs are read; every choice gives the same.
package struct ReadOptions: Sendable {
    /// What is known of messages before they are matched: then records that no pattern can match are
    /// counted and not lent.
    package var screen: MessageScreen?
    /// Keeps to what runs on any processor.
    package var isPortable = false
    /// Where a temporary file may be made, for what another program must read.
    package var directories: [String]
    /// After so many messages that patterns may match, the screen's templates are made and tried first:
    /// in a short log they would cost more than they save.
    package var templatesAfter = 64

    package init(
        screen: MessageScreen? = nil, isPortable: Bool = false, directories: [String] = []
    ) {
        self.screen = screen
        self.isPortable = isPortable
        self.directories = directories
    }
}

// MARK: - Records that are passed over

extension RecordReader {
    /// Handles a line that the sieve stopped at, and tells the sieve what it may pass over next.
    mutating func take(
        _ line: Span<UInt8>, _ number: Int, _ offset: Int64, _ sieve: inout LineSieve?,
        _ body: RecordBody
    ) -> Bool {
        if sieve?.hasPassed == true, let passed = sieve?.passed {
            settle(passed)
            sieve?.settled()
        }
        if let candidate = sieve?.candidate(length: line.count) {
            (isVerbatim, isPlain) = (true, true)
            isScreened = sieve?.isScreened ?? false
            giveRecord(candidate, line, number, offset, body)
            isScreened = false
            return true
        }
        taken = nil
        guard take(line, number, offset, body) else { return false }
        if let taken, isVerbatim, canPass(taken.header, number) {
            // Children say a few words; what follows is their server's again.
            if sieve?.isArmed == true, taken.header.role == .child,
                taken.header.stamp.form == .local
            {
                sieve?.note(taken.header.stamp)
                return true
            }
            sieve?.arm(taken.header, line, message: taken.message.lowerBound)
        } else {
            sieve?.disarm()
        }
        return true
    }

    /// Whether records like this one may be passed over: all that `note` would do with them is what
    /// `settle` does.
    private func canPass(_ header: RecordHeader, _ number: Int) -> Bool {
        let isNoted = header.pid != 0 && header.role != .child
        return pendingAnchor == nil && !verbose.isOpen && header.stream == 0
            && facts.clock.first.form != .none && facts.clock.last == header.stamp
            && (isNoted || number > 64)
    }

    /// Adds what the sieve passed over to what is known of the input.
    mutating func settle(_ passed: LineSieve.Passed) {
        guard passed.count > 0 else { return }
        facts.records += passed.count
        forms[Int(passed.header.form.rawValue)] &+= passed.count
        serverRecords += passed.count
        facts.clock.localStamps &+= passed.count
        facts.clock.forwardSteps &+= passed.forwardSteps
        facts.clock.last = passed.header.stamp
        if passed.ownCount > 0 {
            noteProcess(passed.ownHeader, passed.ownLine, records: passed.ownCount)
        }
        self.passed = passed.header
    }
}
