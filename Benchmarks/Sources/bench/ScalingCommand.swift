// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser

struct ScalingCommand: ParsableCommand {
    @OptionGroup var common: CommonOptions
}
