// SPDX-License-Identifier: Apache-2.0
// The page in a real browser: Chromium without a window, at a phone's width.

import Foundation
import TestSupport
import Testing

@Suite("The page in a browser")
struct BrowserTests {
    private static let browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// A page around the report's, which clicks and measures it; the report itself is unchanged,
    /// so that its own policy against scripts and requests holds.
    private static let driver = """
        <!doctype html><title>driver</title>
        <iframe id="frame" src="report.html" width="390" height="800" style="border:0"></iframe>
        <pre id="out">nothing was measured</pre>
        <script>
        const lines = [], say = (name, value) => lines.push(name + "=" + value);
        document.getElementById("frame").addEventListener("load", event => {
            const view = event.target.contentWindow, page = view.document;
            page.addEventListener("securitypolicyviolation", e => say("violation", e.violatedDirective));
            say("scripts", page.scripts.length);
            say("requests", view.performance.getEntriesByType("resource").length);
            page.querySelectorAll("details").forEach(d => { d.open = true; });
            say("overflow", page.documentElement.scrollWidth - page.documentElement.clientWidth);
            say("text", page.body.textContent.includes("Do this now"));
            const shown = () => [...page.querySelectorAll("ol.events li")]
                .filter(item => view.getComputedStyle(item).display !== "none");
            const boxes = [...page.querySelectorAll(".timeline input[type=checkbox]")];
            say("boxes", boxes.length);
            let right = 0;
            for (const box of boxes) {
                const tone = box.className.replace("show-", ""), before = shown();
                const list = box.closest(".timeline").querySelector("ol.events");
                const left = () => shown().filter(i => list.contains(i) && i.className === tone).length;
                const had = left();
                page.querySelector('label[for="' + box.id + '"]').click();
                const gone = left() === 0;
                page.querySelector('label[for="' + box.id + '"]').click();
                if (had > 0 && gone && left() === had && shown().length === before.length) right++;
            }
            say("filters", right);
            const links = [...page.querySelectorAll('a[href^="#"]')];
            say("deadlinks", links.filter(a => !page.getElementById(a.hash.slice(1))).length);
            document.getElementById("out").textContent = lines.join(";") + ";end";
        });
        </script>
        """

    @Test("is drawn on a phone without errors, requests or overflow, and its filters work")
    func page() throws {
        let browser = try #require(Self.browser, "scripts/install-deps --tests installs chromium")
        try withTemporaryFolder { path in
            let folder = URL(fileURLWithPath: path)
            let log = folder.appendingPathComponent("<img src=x onerror=alert(1)>\"'.log")
            try Data(Self.log.utf8).write(to: log)
            let page = folder.appendingPathComponent("report.html")
            let made = try Program.run(
                ["analyze", "--format", "html", "--output", page.path, "--quiet", log.path])
            #expect(made.status == 1, "\(made.errors)")
            let driver = folder.appendingPathComponent("driver.html")
            try Data(Self.driver.utf8).write(to: driver)
            let run = try Program.execute(
                browser,
                [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                    "--disable-extensions", "--disable-background-networking",
                    "--allow-file-access-from-files", "--enable-logging=stderr",
                    "--user-data-dir=\(folder.path)/profile", "--virtual-time-budget=10000",
                    "--timeout=15000", "--dump-dom", "file://\(driver.path)",
                ], in: folder.path,
                environment: Program.environment.merging(["HOME": folder.path]) { $1 })
            let found = run.text.components(separatedBy: "<pre id=\"out\">").last?
                .components(separatedBy: "</pre>").first
            #expect(
                found
                    == "scripts=0;requests=0;overflow=0;text=true;boxes=4;filters=4;deadlinks=0;end",
                "\(run.status) \(run.errors)")
            let console = run.errors.split(separator: "\n").filter { $0.contains("CONSOLE") }
            #expect(console == [])
        }
    }

    /// An outage with entries of every tone, and text that a browser must not take for markup.
    private static let log = """
        5976:C 22 Nov 2026 13:00:00.000 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
        5976:C 22 Nov 2026 13:00:00.000 # Redis version=7.2.6, bits=64, commit=00000000, modified=0, pid=5976, just started
        5976:M 22 Nov 2026 13:00:00.010 # WARNING Memory overcommit must be enabled! Without it, a background save or replication may fail under low memory condition. To fix this issue add 'vm.overcommit_memory = 1' to /etc/sysctl.conf and then reboot or run the command 'sysctl vm.overcommit_memory=1' for this to take effect.
        5976:M 22 Nov 2026 13:01:38.682 # Can't save in background: fork: Cannot allocate memory
        5976:C 22 Nov 2026 13:01:39.682 # Failed opening the RDB file dump.rdb (in server root dir /\(String(repeating: "w", count: 400))<script>alert(1)</script>) for saving: Permission denied
        5976:M 22 Nov 2026 13:01:44.682 # Can't save in background: fork: Cannot allocate memory
        5976:M 22 Nov 2026 13:02:44.682 * Background saving started by pid 6001
        6001:C 22 Nov 2026 13:02:45.682 * DB saved on disk
        5976:M 22 Nov 2026 13:02:45.782 * Background saving terminated with success

        """
}
