// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Keeps the blocks of all event logs of a run: in memory up to a limit, then in a temporary file.
///
/// A class because the logs share one file and one set of limits, and the file is closed with the
/// last of them. Where no file can be written the store goes on in memory for a while, since the
/// host may be the one whose disk is full, and then gives up.
package final class EventStore: Sendable {
    /// Bytes.
    package struct Limits: Sendable {
        /// Blocks that stay in memory.
        package var memory: Int
        /// The same where no file can be written.
        package var withoutFile: Int
        /// Blocks of the file that are kept when they were read.
        package var cache: Int

        package init(memory: Int = 1 << 20, withoutFile: Int = 64 << 20, cache: Int = 2 << 20) {
            self.memory = memory
            self.withoutFile = withoutFile
            self.cache = cache
        }

        package static let none = Limits(memory: .max)
    }

    private struct State: ~Copyable {
        var file: SpillFile?
        var kept = 0
        /// Logs that were begun.
        var logs = 0
        var cache: BlockCache
        var warning: String?
        var failure: String?
    }

    private let limits: Limits
    /// Where temporary files may be made, the best first.
    package let directories: [String]
    private let state: Mutex<State>

    /// The temporary file is made, when it is needed, in the first of `directories` that takes it.
    package init(limits: Limits = Limits(), directories: [String] = []) {
        self.limits = limits
        self.directories = directories
        state = Mutex(State(cache: BlockCache(limit: limits.cache)))
    }

    /// Why there is no temporary file, although one was needed.
    package var warning: String? { state.withLock { $0.warning } }

    /// Why events are missing from the logs, which then are not to be used.
    package var failure: String? { state.withLock { $0.failure } }

    /// Bytes written to the temporary file so far.
    package var spilledBytes: Int64 { state.withLock { $0.file?.size ?? 0 } }
}

/// Where a block is kept.
enum EventSlot: Sendable {
    case memory(EventBlock)
    case file(EventPlace)
    /// Memory ran out; so many events are gone, and the run will end without a report.
    case lost(Int)
}

/// Where in the temporary file a block is: its entries and its bytes, in bytes from the start.
struct EventPlace: Hashable, Sendable {
    var entries: Int64
    var entryCount: Int
    var bytes: Int64
    var byteCount: Int
}

// MARK: - Keeping

extension EventStore {
    /// Notes that a log begins, and says how many events its blocks are to hold.
    ///
    /// When the logs are put into one order a block of each is in memory, so that they get smaller
    /// the more there are.
    func beginLog() -> Int {
        let logs = state.withLock { state in
            state.logs += 1
            return state.logs
        }
        return switch logs {
        case ..<128: EventBlock.capacity
        case ..<256: EventBlock.capacity / 2
        case ..<512: EventBlock.capacity / 4
        case ..<1024: EventBlock.capacity / 8
        case ..<4096: EventBlock.capacity / 16
        default: EventBlock.capacity / 64
        }
    }

    func keep(_ block: EventBlock) -> EventSlot {
        state.withLock { state in
            if state.kept + block.size <= limits.memory {
                state.kept += block.size
                return .memory(block)
            }
            if let entries = append(block.entries, &state), let bytes = append(block.bytes, &state)
            {
                return .file(
                    EventPlace(
                        entries: entries, entryCount: block.entries.count, bytes: bytes,
                        byteCount: block.bytes.count))
            }
            return keepWithoutFile(block, &state)
        }
    }

    private func append<Item: BitwiseCopyable>(_ items: [Item], _ state: inout State) -> Int64? {
        guard state.warning == nil else { return nil }
        do throws(SpillError) {
            if state.file == nil { state.file = try SpillFile(directories: directories) }
            return try state.file?.append(items)
        } catch {
            state.warning = error.reason
            return nil
        }
    }

    private func keepWithoutFile(_ block: EventBlock, _ state: inout State) -> EventSlot {
        guard state.kept + block.size <= limits.withoutFile else {
            state.failure =
                "the events need more than \(limits.withoutFile >> 20) MiB, and there is no "
                + "temporary file for them: \(state.warning ?? "")"
            return .lost(block.entries.count)
        }
        state.kept += block.size
        return .memory(block)
    }
}

// MARK: - Giving back

extension EventStore {
    func block(_ slot: EventSlot) -> EventBlock {
        switch slot {
        case .memory(let block): block
        case .file(let place): state.withLock { Self.block(place, &$0) }
        case .lost(let count): EventBlock(lost: count)
        }
    }

    /// The entries of a block alone: a third of what it takes up.
    func entries(_ slot: EventSlot) -> [EventBlock.Entry] {
        guard case .file(let place) = slot else { return block(slot).entries }
        return state.withLock { state in
            if let block = state.cache[place] { return block.entries }
            do throws(SpillError) {
                return try state.file?.read(place.entryCount, at: place.entries) ?? []
            } catch {
                state.failure = state.failure ?? error.reason
                return EventBlock(lost: place.entryCount).entries
            }
        }
    }

    private static func block(_ place: EventPlace, _ state: inout State) -> EventBlock {
        if let block = state.cache[place] { return block }
        do throws(SpillError) {
            var block = EventBlock()
            block.entries = try state.file?.read(place.entryCount, at: place.entries) ?? []
            block.bytes = try state.file?.read(place.byteCount, at: place.bytes) ?? []
            state.cache[place] = block
            return block
        } catch {
            state.failure = state.failure ?? error.reason
            return EventBlock(lost: place.entryCount)
        }
    }
}

extension EventBlock {
    /// As many empty events as were lost, so that indices stay right until the run ends.
    fileprivate init(lost count: Int) {
        let empty = Entry(RecordHeader(form: .none), pattern: 0, line: 0, offset: 0)
        entries = Array(repeating: empty, count: count)
    }
}

/// The blocks that were read last, up to a number of bytes.
///
/// Those that were asked for again since they were last passed over stay (the clock algorithm): to
/// look for the least recently used would cost a pass over all.
private struct BlockCache: Sendable {
    private let limit: Int
    private var size = 0
    private var latest: (place: EventPlace, block: EventBlock)?
    private var blocks: [EventPlace: (block: EventBlock, wasUsed: Bool)] = [:]
    /// In the order in which they are passed over.
    private var queue: [EventPlace] = []
    private var head = 0

    init(limit: Int) { self.limit = limit }

    subscript(place: EventPlace) -> EventBlock? {
        mutating get {
            if let latest, latest.place == place { return latest.block }
            guard let found = blocks[place]?.block else { return nil }
            blocks[place]?.wasUsed = true
            latest = (place, found)
            return found
        }
        set {
            guard let newValue else { return }
            while size + newValue.size > limit, head < queue.count { removeOne() }
            size += newValue.size
            blocks[place] = (newValue, false)
            queue.append(place)
            latest = (place, newValue)
        }
    }

    private mutating func removeOne() {
        let place = queue[head]
        head += 1
        if head > 1024, head > queue.count / 2 {
            queue.removeFirst(head)
            head = 0
        }
        guard let found = blocks[place] else { return }
        if found.wasUsed {
            blocks[place]?.wasUsed = false
            queue.append(place)
        } else {
            size -= found.block.size
            blocks[place] = nil
        }
    }
}
