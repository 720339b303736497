// SPDX-License-Identifier: Apache-2.0

internal import Model

/// A secret that makes the same address the same pseudonym in every report made with it.
///
/// Nobody can go back from a name to an address without the key: a name is a word and a number
/// from a keyed hash, never the hash of the address alone, of which there are few enough to try.
package struct PseudonymKey: Sendable {
    /// What a key must have at least, in bytes.
    package static let leastLength = 16

    private let bytes: [UInt8]

    /// `nil` where the key is too short to be one.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.leastLength else { return nil }
        self.bytes = bytes
    }

    /// `heron-48213`: one of 25.6 million names. `attempt` gives another where one is taken.
    func name(for text: String, attempt: Int) -> String {
        let message = Array("forktopsy pseudonym \(attempt)\0\(text)".utf8)
        let code = SHA256.authenticationCode(of: message, key: bytes)
        let number = code[1...4].reduce(0) { $0 << 8 | UInt32($1) } % 100_000
        return "\(Self.words[Int(code[0])])-\(padded(Int(number), 5))"
    }

    /// 256 words that cannot be taken for anything in a log.
    private static let words: [Substring] = """
        acorn adobe agate alder alloy almond amber anchor
        anise apple apron arbor arrow aspen aster atlas
        autumn badge bagel bamboo banjo barley basil basin
        beacon beaver beech bell berry birch bison blanket
        bonnet boulder bramble brass breeze brick bridge bronze
        brook broom bucket buckle buffalo button cabin cactus
        camel canary candle canoe canvas canyon carbon cargo
        carrot castle cedar cello chalk cherry chestnut chime
        cider cinder citrus clay cliff clock clover coal
        cobalt cobra cocoa comet compass copper coral cotton
        cougar cove coyote crane crater cricket crocus crystal
        cypress daisy dawn delta denim desert dingo dolphin
        donkey dove dragon drum dune eagle easel ebony
        echo elk elm ember emerald falcon feather fennel
        fern ferry fiddle fig finch fjord flax flint
        flute forest fossil fox frost garden garlic garnet
        geyser ginger glacier goblet goose gorge grain granite
        grape gravel grove gull hammer harbor harp hazel
        heron hickory hill holly honey horizon hornet husk
        indigo iris iron island ivory ivy jackal jade
        jasmine jasper juniper kayak kelp kettle kiwi lagoon
        lantern larch lark latch laurel lava lemon lentil
        lichen lilac lily lime linen lion llama lobster
        lotus lynx magnet magpie mango maple marble marsh
        meadow melon mint mirror moose mortar moss mulberry
        mustard nectar nettle nickel nutmeg oak oasis ocean
        olive onyx opal orange orchid osprey otter owl
        oyster paddle palm panda panther paper parsley pearl
        pebble pecan pelican pepper pigeon pine plum pond
        poplar poppy prairie prism puffin pumpkin quail quarry
        quartz quill quilt rabbit radish raven reed reef
        ribbon ridge river robin rocket rose rowan ruby
        """.split { $0 == " " || $0 == "\n" }
}
