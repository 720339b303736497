// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

struct LinesCommand: ParsableCommand {
    @OptionGroup var common: CommonOptions
}
