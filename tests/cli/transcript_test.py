"""The transcript reader itself."""

import transcript


def test_parse_and_render_are_inverse():
    text = "## head\n\n$ one\n> two\nout\n\nmore\n? 3\n\n## between\n$ three\n"
    head, blocks = transcript.parse(text)
    assert head == ["## head", ""]
    assert [block.command for block in blocks] == [["one", "two"], ["three"]]
    assert blocks[0].expected == ["out", "", "more"]
    assert (blocks[0].exit_code, blocks[1].exit_code) == (3, 0)
    assert transcript.render(head, blocks) == text


def test_placeholders():
    assert transcript.matches(["took <number> s (<...>)"], ["took 1.25 s (two steps)"])
    assert not transcript.matches(["took <number> s"], ["took long s"])
    assert transcript.matches(["a", "...", "z"], ["a", "b", "c", "z"])
    assert transcript.matches(["..."], [])
    assert not transcript.matches(["a"], ["a", "b"])
    assert transcript.matches(["1+1 = <number> [x]"], ["1+1 = 2 [x]"])


def test_rewriting_keeps_placeholders_that_still_hold():
    assert transcript.refreshed(["id <hex>", "old"], ["id 0af3", "new"]) == ["id <hex>", "new"]
