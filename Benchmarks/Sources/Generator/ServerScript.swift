// SPDX-License-Identifier: Apache-2.0

/// What one server says, save cycle after save cycle, without the times.
///
/// The lines of a cycle stand in `text` one after the other; `lines` says where each is and what it
/// counts for. Whoever writes them down gives them their time.
struct ServerScript {
    /// How often what happens.
    struct Rates {
        /// Share of lines that match `Union.patterns`, about.
        var incidents: Double
        /// Share of lines that only look like them.
        var decoys: Double
        /// Lines of level verbose and debug for each save cycle: clients that come and go.
        var chatter: Int
        /// The most that one incident's operation fails before it succeeds again.
        var attempts: Int
        /// Whether the kernel's OOM killer takes children; its lines need a log of their own.
        var oomKills: Bool
    }

    struct Line {
        enum Speaker { case master, child, start, kernel }

        var speaker: Speaker
        var pid: Int
        var level: UInt8
        /// Milliseconds since the line before.
        var step: Int
        var text: Range<Int>
        var counts: Counts
    }

    /// What a line adds to the truth.
    struct Counts: OptionSet {
        var rawValue: UInt8

        static let matches = Counts(rawValue: 1)
        static let forkFailure = Counts(rawValue: 2)
        static let saveFailure = Counts(rawValue: 4)
        static let oomKill = Counts(rawValue: 8)
        static let saved = Counts(rawValue: 16)
        static let notSaved = Counts(rawValue: 32)
        /// The first of an incident.
        static let opens = Counts(rawValue: 64)
    }

    let number: Int
    let rates: Rates
    private(set) var lines: [Line] = []
    private(set) var text = ByteBuffer()
    var random: RandomSource
    private var child: Int
    private var isStarted = false
    /// Which operation has failed and must succeed before the next may fail.
    var outstanding: Episode?

    init(number: Int, rates: Rates, seed: UInt64) {
        self.number = number
        self.rates = rates
        random = RandomSource(seed: seed &+ UInt64(number) &* 0x2545_F491_4F6C_DD1D)
        child = random.below(300)
        // The first output of neighbouring seeds is alike in nothing but its making.
        _ = random.next()
    }

    /// No two servers of one host share a process id, nor do their children.
    var pid: Int { 1000 + number }
    var port: Int { 6379 + number }
    var childPID: Int { 100_000 + child * 10_007 + number % 10_007 }

    /// Replaces `lines` by those of the next cycle.
    mutating func nextCycle() {
        lines.removeAll(keepingCapacity: true)
        text.removeAll()
        guard isStarted else {
            isStarted = true
            start()
            return
        }
        save()
        if let outstanding { mend(outstanding) } else if random.happens(0.06) { rewrite() }
        outstanding = nil
        let perCycle = Double(lines.count + rates.chatter)
        // One attempt has 1.15 lines that match, on average.
        let expected = rates.incidents * perCycle / (1.15 * Double(1 + rates.attempts) / 2)
        if random.happens(min(1, expected)) { fail(scale: max(1, Int(expected.rounded()))) }
        if random.happens(rates.decoys * perCycle) { decoy() }
    }
}

// MARK: - Writing a line

extension ServerScript {
    mutating func line(
        _ speaker: Line.Speaker = .master, _ level: StaticString = "*", step: Int,
        _ counts: Counts = [], _ write: (inout ByteBuffer) -> Void
    ) {
        let from = text.count
        write(&text)
        lines.append(
            Line(
                speaker: speaker, pid: speaker == .child ? childPID : pid,
                level: unsafe level.utf8Start.pointee, step: step, text: from..<text.count,
                counts: counts))
    }

    mutating func say(
        _ words: StaticString, _ speaker: Line.Speaker = .master, _ level: StaticString = "*",
        step: Int, _ counts: Counts = []
    ) {
        line(speaker, level, step: step, counts) { $0.text(words) }
    }

    /// A line that ends in the child's process id.
    mutating func sayChild(_ words: StaticString, step: Int, _ counts: Counts = []) {
        let child = childPID
        line(step: step, counts) {
            $0.text(words)
            $0.number(child)
        }
    }

    mutating func nextChild() { child = (child + 1 + random.below(3)) % 390 }
}

// MARK: - What goes well

extension ServerScript {
    /// redis 7.2.4, src/server.c and src/syscheck.c.
    private mutating func start() {
        let (pid, port) = (pid, port)
        say("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo", .start, step: 0)
        line(.start, step: 0) {
            $0.text("Redis version=7.2.4, bits=64, commit=00000000, modified=0, pid=")
            $0.number(pid)
            $0.text(", just started")
        }
        say("Configuration loaded", .start, step: 0)
        line(step: 1) {
            $0.text("Running mode=standalone, port=")
            $0.number(port)
            $0.text(".")
        }
        say("Server initialized", step: 0)
        say(
            """
            WARNING Memory overcommit must be enabled! Without it, a background save or \
            replication may fail under low memory condition. Being disabled, it can also cause \
            failures without low memory condition, see \
            https://github.com/jemalloc/jemalloc/issues/1328. To fix this issue add \
            'vm.overcommit_memory = 1' to /etc/sysctl.conf and then reboot or run the command \
            'sysctl vm.overcommit_memory=1' for this to take effect.
            """, .master, "#", step: 0, .matches)
        say("Ready to accept connections tcp", step: 2)
    }

    private mutating func save() {
        trigger(step: 3 + random.below(900))
        nextChild()
        sayChild("Background saving started by pid ", step: 5 + random.below(60))
        for _ in 0..<(rates.chatter - rates.chatter / 4 + random.below(rates.chatter / 2 + 1)) {
            chatter()
        }
        saved("RDB", "Background saving terminated with success", .saved)
    }

    mutating func trigger(step: Int) {
        let often = random.happens(0.8)
        line(step: step) {
            $0.number(often ? 10_000 : 100)
            $0.text(" changes in ")
            $0.number(often ? 60 : 300)
            $0.text(" seconds. Saving...")
        }
    }

    /// How a child ends that wrote what it was to write.
    mutating func saved(
        _ what: StaticString, _ success: StaticString, _ counts: Counts = []
    ) {
        let copied = 1 + random.below(2600)
        if counts.contains(.saved) { say("DB saved on disk", .child, step: 900) }
        line(.child, step: 1) {
            $0.text("Fork CoW for ")
            $0.text(what)
            $0.text(": current ")
            $0.number(copied)
            $0.text(" MB, peak ")
            $0.number(copied + 3)
            $0.text(" MB, average ")
            $0.number(copied * 3 / 4)
            $0.text(" MB")
        }
        say(success, step: 60, counts)
    }

    mutating func rewrite() {
        rewriteTrigger(step: 1)
        nextChild()
        sayChild("Background append only file rewriting started by pid ", step: 20)
        let child = childPID
        line(.child, step: 1800) {
            $0.text("Successfully created the temporary AOF base file temp-rewriteaof-bg-")
            $0.number(child)
            $0.text(".aof")
        }
        saved("AOF rewrite", "Background AOF rewrite terminated with success")
        say("Background AOF rewrite finished successfully", step: 1)
    }

    mutating func rewriteTrigger(step: Int) {
        let growth = 100 + random.below(60)
        line(step: step) {
            $0.text("Starting automatic rewriting of AOF on ")
            $0.number(growth)
            $0.text("% growth")
        }
    }

    mutating func syncRequest(step: Int) {
        let replica = 2 + random.below(3)
        line(step: step) {
            $0.text("Replica 10.0.3.")
            $0.number(replica)
            $0.text(":6379 asks for synchronization")
        }
        line(step: 0) {
            $0.text("Full resync requested by replica 10.0.3.")
            $0.number(replica)
            $0.text(":6379")
        }
        say("Starting BGSAVE for SYNC with target: disk", step: 0)
    }
}

// MARK: - Lines between

extension ServerScript {
    /// redis 7.2.4, src/networking.c, src/server.c and src/replication.c, `loglevel verbose`.
    private mutating func chatter() {
        let kind = random.below(1000)
        let step = random.below(40)
        let (a, b, c) = (random.below(1 << 20), random.below(1 << 24), random.below(1 << 28))
        switch kind {
        case 0..<400:
            line(.master, "-", step: step) {
                $0.text("Accepted 10.")
                Self.address(&$0, a, b)
            }
        case 400..<780:
            line(.master, "-", step: step) {
                $0.text("Client closed connection id=")
                $0.number(100_000 + c)
                $0.text(" addr=10.")
                Self.address(&$0, a, b)
                $0.text(" laddr=10.0.3.2:6379 fd=")
                $0.number(8 + a % 2000)
                $0.text(" name= age=")
                $0.number(b % 4000)
                $0.text(" idle=0 flags=N db=0")
            }
        case 780..<880:
            line(.master, "-", step: step) {
                $0.text("DB 0: ")
                $0.number(10_000_000 + a)
                $0.text(" keys (")
                $0.number(b % 100_000)
                $0.text(" volatile) in 16777216 slots HT.")
            }
        case 880..<970:
            line(.master, ".", step: step) {
                $0.number(400 + a % 900)
                $0.text(" clients connected (2 replicas), ")
                $0.number(12_000_000_000 + c)
                $0.text(" bytes in use")
            }
        case 970..<984:
            line(step: step) {
                $0.text("Partial resynchronization request from 10.0.3.")
                $0.number(2 + a % 3)
                $0.text(":6379 accepted. Sending ")
                $0.number(b)
                $0.text(" bytes of backlog starting from offset ")
                $0.number(10_000_000_000 + c)
                $0.text(".")
            }
        default:
            say(
                """
                Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF \
                buffer without waiting for fsync to complete, this may slow down Redis.
                """, step: step)
        }
    }

    private static func address(_ out: inout ByteBuffer, _ a: Int, _ b: Int) {
        out.number(a & 3)
        out.text(".")
        out.number(1 + a >> 2 & 127)
        out.text(".")
        out.number(1 + a >> 10 & 127)
        out.text(":")
        out.number(20_000 + b % 40_000)
    }
}
