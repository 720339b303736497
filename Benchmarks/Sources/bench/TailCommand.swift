// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

struct TailCommand: ParsableCommand {
    @OptionGroup var common: CommonOptions
}
