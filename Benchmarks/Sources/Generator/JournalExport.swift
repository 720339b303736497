// SPDX-License-Identifier: Apache-2.0

/// The journal of a host with servers and other services, in export format, and the same entries as
/// `journalctl -o json` writes them.
package struct JournalExport {
    private let options: GeneratorOptions
    private var scripts: [(script: ServerScript, next: Int, hasSpoken: Bool)]
    private let servers: [EntryFields]
    private let services: [Service]
    private let kernel: EntryFields
    private var random: RandomSource
    private var clock = LogClock()
    private var sequence = 1000
    /// The server whose lines, once the kernel has spoken of it, come before those of others.
    private var inTurn: Int?
    private var export = ByteBuffer(capacity: 1 << 20)
    private var json = ByteBuffer(capacity: 1 << 20)
    private var message = ByteBuffer()
    private var stamps = ByteBuffer()
    /// True of the export written so far.
    package private(set) var truth = Truth()
    /// Bytes of the JSON lines written so far.
    package private(set) var jsonBytes = 0

    package init(_ options: GeneratorOptions) {
        self.options = options
        random = RandomSource(seed: options.seed ^ 0x6A6F_7572_6E61_6C00)
        let rates = ServerScript.Rates(
            incidents: options.incidentRate * 100 / Double(options.serverPercent),
            decoys: options.decoyRate * 100 / Double(options.serverPercent), chatter: 0,
            attempts: options.attempts, oomKills: true)
        scripts = (0..<options.instances).map {
            (ServerScript(number: $0, rates: rates, seed: options.seed), 0, false)
        }
        servers = (0..<options.instances).map(EntryFields.server)
        services = Service.all
        kernel = .kernel
        truth.firstAt = clock.milliseconds
    }

    /// Hands both forms over, about a MiB at a time, in whole entries.
    package mutating func write(
        to sink: (_ export: [UInt8], _ json: [UInt8]) throws -> Void
    ) rethrows {
        while truth.bytes < options.bytes {
            entry()
            guard export.count >= 1 << 20 || truth.bytes + export.count >= options.bytes else {
                continue
            }
            truth.bytes += export.count
            jsonBytes += json.count
            try sink(export.bytes, json.bytes)
            export.removeAll()
            json.removeAll()
        }
    }

    private mutating func entry() {
        clock.advance(1 + random.below(60))
        let kind = random.below(100)
        if inTurn != nil || kind < options.serverPercent {
            serverEntry()
            truth.records += 1
        } else if kind < options.serverPercent + 8 {
            kernelEntry()
            truth.records += 1
        } else {
            serviceEntry()
        }
        truth.entries += 1
        truth.lastAt = clock.milliseconds
    }

    private mutating func serverEntry() {
        let number = inTurn ?? random.below(scripts.count)
        while scripts[number].next == scripts[number].script.lines.count {
            scripts[number].script.nextCycle()
            scripts[number].next = 0
        }
        let line = scripts[number].script.lines[scripts[number].next]
        scripts[number].next += 1
        if line.speaker == .master, !scripts[number].hasSpoken {
            scripts[number].hasSpoken = true
            truth.instances += 1
        }
        // What the kernel did to a child is followed by what its server says of it.
        inTurn = line.speaker == .kernel ? number : nil
        clock.advance(line.step / 60)
        message.removeAll()
        if line.speaker != .kernel {
            scripts[number].script.header(of: line, clock: &clock, into: &message)
            truth.serverEntries += 1
        }
        message.append(scripts[number].script.text.bytes[line.text])
        truth.count(line.counts)
        write(line.speaker == .kernel ? kernel : servers[number])
    }

    private mutating func kernelEntry() {
        message.removeAll()
        switch random.below(3) {
        case 0:
            message.text("eth0: renamed from veth")
            message.number(random.below(100_000))
        case 1:
            message.text("perf: interrupt took too long (")
            message.number(2500 + random.below(9000))
            message.text(" > 2500), lowering kernel.perf_event_max_sample_rate to 79750")
        default:
            message.text("br-12: port ")
            message.number(random.below(100))
            message.text("(veth9) entered forwarding state")
        }
        write(kernel)
    }

    private mutating func serviceEntry() {
        let service = services[random.below(services.count)]
        message.removeAll()
        service.write(&message, &random)
        if service.isSystemd { truth.records += 1 }
        // A stack trace: more than one line, so binary in the export and an array in JSON.
        let isBinary = !service.isSystemd && random.happens(0.04)
        if isBinary { message.text("\n\tat worker 7\n\tat main") }
        write(service.fields, isBinary: isBinary)
    }

    private mutating func write(_ fields: EntryFields, isBinary: Bool = false) {
        head()
        export.append(fields.export)
        json.append(fields.json)
        if isBinary {
            export.text("MESSAGE\n")
            for shift in stride(from: 0, to: 64, by: 8) {
                export.byte(UInt8(truncatingIfNeeded: message.count >> shift))
            }
            export.append(message.bytes)
            export.text("\n\n")
            json.text("\"MESSAGE\":[")
            for (place, byte) in message.bytes.enumerated() {
                if place > 0 { json.text(",") }
                json.number(Int(byte))
            }
            json.text("]}\n")
        } else {
            export.text("MESSAGE=")
            export.append(message.bytes)
            export.text("\n\n")
            json.text("\"MESSAGE\":\"")
            json.jsonEscaped(message.bytes[...])
            json.text("\"}\n")
        }
        truth.lines += fields.lines + 6 + (isBinary ? 5 : 2)
    }

    /// The fields that differ from entry to entry, as systemd 252 writes them.
    private mutating func head() {
        sequence += 1
        let real = UInt64(clock.milliseconds) * 1000 + UInt64(sequence % 1000)
        let monotonic = real - UInt64(LogClock.start) * 1000 + 4_000_000
        stamps.removeAll()
        stamps.text("s=5d1a3c6be1f04f0d9b2d7c0a94c1e6f2;i=")
        stamps.hexadecimal(UInt64(sequence))
        stamps.text(";b=9f6c2f1d0b7a4c1e8a3d5b7c9e0f1a2b;m=")
        stamps.hexadecimal(monotonic)
        stamps.text(";t=")
        stamps.hexadecimal(real)
        stamps.text(";x=")
        stamps.hexadecimal(real &* 2_654_435_761)
        export.text("__CURSOR=")
        export.append(stamps.bytes)
        export.text("\n__REALTIME_TIMESTAMP=")
        export.number(Int(real))
        export.text("\n__MONOTONIC_TIMESTAMP=")
        export.number(Int(monotonic))
        export.text("\n__SEQNUM=")
        export.number(sequence)
        export.text("\n__SEQNUM_ID=5d1a3c6be1f04f0d9b2d7c0a94c1e6f2")
        export.text("\n_BOOT_ID=9f6c2f1d0b7a4c1e8a3d5b7c9e0f1a2b\n")
        json.text("{\"__CURSOR\":\"")
        json.append(stamps.bytes)
        json.text("\",\"__REALTIME_TIMESTAMP\":\"")
        json.number(Int(real))
        json.text("\",\"__MONOTONIC_TIMESTAMP\":\"")
        json.number(Int(monotonic))
        json.text("\",\"__SEQNUM\":\"")
        json.number(sequence)
        json.text("\",\"__SEQNUM_ID\":\"5d1a3c6be1f04f0d9b2d7c0a94c1e6f2\"")
        json.text(",\"_BOOT_ID\":\"9f6c2f1d0b7a4c1e8a3d5b7c9e0f1a2b\",")
    }
}
