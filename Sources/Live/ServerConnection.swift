// SPDX-License-Identifier: Apache-2.0
// The unsafe corner of Live, fourth part: asking a server, over a socket, for a limited time.

internal import Glibc

/// Where a server listens: a host and a port, or a socket's path.
package struct ServerAddress: Hashable, Sendable {
    package var host: String
    package var port: Int
    /// Set where it is a socket of the file system.
    package var path: String?

    /// `127.0.0.1:6379`, `[::1]:6379`, `6379`, `/run/redis.sock`.
    package init?(_ text: String) {
        if text.hasPrefix("/") {
            (host, port, path) = ("", 0, text)
            return
        }
        let colon = text.lastIndex(of: ":")
        let name = colon.map { String(text[..<$0]) } ?? ""
        let digits = colon.map { text[text.index(after: $0)...] } ?? text[...]
        guard let port = Int(digits), (1...65_535).contains(port) else { return nil }
        let bare = name.filter { $0 != "[" && $0 != "]" }
        let isAny = bare.isEmpty || bare == "*" || bare == "0.0.0.0"
        host = isAny ? "127.0.0.1" : bare == "::" ? "::1" : bare
        self.port = port
    }

    package var spoken: String {
        path ?? (host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
    }
}

/// Who asks: an ACL user and a password, which never stand in an argument.
package struct ServerLogin: Sendable {
    package var user: String?
    package var password: String?
    /// How the connection is encrypted; `nil` where it is not.
    package var encryption: Encryption?

    /// What the system's client needs to check a server, and to show who asks: files in PEM.
    package struct Encryption: Sendable {
        package var authority: String?
        package var certificate: String?
        package var key: String?
        /// Whether any certificate of the server will do.
        package var isUnchecked = false

        package init() {}
    }

    package init(user: String? = nil, password: String? = nil) {
        self.user = user
        self.password = password
    }
}

/// A connection that sends only what changes nothing: AUTH, PING, INFO and CONFIG GET.
///
/// Every step waits at most until the deadline, since the server may be stuck, which is when it is
/// asked. Connection and deadline are those of one question and answer.
package struct ServerConnection: ~Copyable {
    private let descriptor: Int32
    private let deadline: Double
    private var parser = ReplyParser()

    /// Connects within `seconds`, which all that follows shares.
    package init(_ address: ServerAddress, seconds: Double) throws(LiveError) {
        deadline = Self.clock() + seconds
        descriptor = try Self.connected(address, deadline)
    }

    deinit { close(descriptor) }

    /// Says who asks, where that is needed.
    package mutating func login(_ login: ServerLogin) throws(LiveError) {
        guard let password = login.password else { return }
        _ = try ask(["AUTH"] + (login.user.map { [$0] } ?? []) + [password])
    }

    /// What INFO says, `everything` or the default sections.
    package mutating func info() throws(LiveError) -> String {
        guard case .text(let text) = try ask(["INFO", "everything"]) else {
            throw LiveError(reason: "INFO was not answered with a text")
        }
        return text
    }

    /// The settings that match a pattern, in the order of the server.
    package mutating func settings(_ pattern: String) throws(LiveError) -> [(String, String)] {
        guard case .list(let items) = try ask(["CONFIG", "GET", pattern]) else {
            throw LiveError(reason: "CONFIG GET was not answered with a list")
        }
        var out: [(String, String)] = []
        for i in stride(from: 0, to: items.count - 1, by: 2) {
            guard case .text(let name) = items[i], case .text(let value) = items[i + 1] else {
                continue
            }
            out.append((name, value))
        }
        return out
    }

    // MARK: - Asking

    private mutating func ask(_ words: [String]) throws(LiveError) -> Reply {
        var text = "*\(words.count)\r\n"
        for word in words { text += "$\(word.utf8.count)\r\n\(word)\r\n" }
        try send(Array(text.utf8))
        while true {
            switch parser.next() {
            case .reply(.error(let reason)): throw LiveError(reason: reason)
            case .reply(let reply): return reply
            case .needMore: break
            case .bad: throw LiveError(reason: "the answer is none of this protocol")
            }
            try wait(for: Int16(POLLIN))
            var block = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe block.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            if count == 0 { throw LiveError(reason: "the server closed the connection") }
            if count > 0 { parser.bytes += block[..<count] }
            if count < 0, errno != EAGAIN, errno != EINTR { throw LiveError(errno) }
            if parser.bytes.count > 16 << 20 { throw LiveError(reason: "the answer is too long") }
        }
    }

    private func send(_ bytes: [UInt8]) throws(LiveError) {
        var done = 0
        while done < bytes.count {
            try wait(for: Int16(POLLOUT))
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress.map { unsafe $0 + done }, bytes.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            if count > 0 { done += count }
            if count < 0, errno != EAGAIN, errno != EINTR { throw LiveError(errno) }
        }
    }

    private func wait(for events: Int16) throws(LiveError) {
        try Self.wait(descriptor, events, deadline)
    }

    private static func wait(
        _ descriptor: Int32, _ events: Int16, _ deadline: Double
    ) throws(LiveError) {
        let left = deadline - clock()
        var item = pollfd(fd: descriptor, events: events, revents: 0)
        guard left > 0, unsafe poll(&item, 1, Int32(left * 1000) + 1) != 0 else {
            throw LiveError(reason: "the server does not answer")
        }
    }

    /// Waits for a descriptor that can be read.
    static func wait(forInput descriptor: Int32, until deadline: Double) throws(LiveError) {
        try wait(descriptor, Int16(POLLIN), deadline)
    }

    static func clock() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    // MARK: - Connecting

    private static func connected(
        _ address: ServerAddress, _ deadline: Double
    ) throws(LiveError) -> Int32 {
        if let path = address.path { return try connected(path: path, deadline) }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // Names may take long to look up; a server's own address is a number.
        unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let host = address.host == "localhost" ? "127.0.0.1" : address.host
        guard unsafe getaddrinfo(host, String(address.port), &hints, &found) == 0,
            let info = unsafe found
        else { throw LiveError(reason: "\(address.host) is no address; give it in numbers") }
        defer { unsafe freeaddrinfo(info) }
        let descriptor = unsafe socket(info.pointee.ai_family, info.pointee.ai_socktype, 0)
        guard descriptor >= 0 else { throw LiveError(errno) }
        let result = started(descriptor) {
            unsafe connect(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen)
        }
        return try finished(descriptor, result, deadline)
    }

    private static func connected(path: String, _ deadline: Double) throws(LiveError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < 108 else { throw LiveError(ENAMETOOLONG) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw LiveError(errno) }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                started(descriptor) {
                    unsafe connect(
                        descriptor, target, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        return try finished(descriptor, result, deadline)
    }

    private static func started(_ descriptor: Int32, _ connect: () -> Int32) -> Int32 {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        stopWaiting(on: descriptor)
        return connect() == 0 ? 0 : errno
    }

    private static func finished(
        _ descriptor: Int32, _ result: Int32, _ deadline: Double
    ) throws(LiveError) -> Int32 {
        do throws(LiveError) {
            if result == EINPROGRESS {
                try wait(descriptor, Int16(POLLOUT), deadline)
                var problem: Int32 = 0
                var length = socklen_t(MemoryLayout<Int32>.size)
                unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &length)
                if problem != 0 { throw LiveError(problem) }
            } else if result != 0 {
                throw LiveError(result)
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }
}
