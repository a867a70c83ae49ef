import pytest

from mlrun.analysis.report.html import Html, data_uri, element, join


def test_texts_are_escaped_and_elements_are_not():
    inner = element("b", "1 < 2 & 3")
    assert element("p", "<i>", inner) == "<p>&lt;i&gt;<b>1 &lt; 2 &amp; 3</b></p>"
    assert join(["<", Html("<br>")]) == "&lt;<br>"


def test_attributes_are_escaped():
    hostile = '" onerror="alert(1)'
    assert element("img", src="x", alt=hostile) == '<img src="x" alt="&quot; onerror=&quot;alert(1)">'


def test_names_of_attributes_and_those_without_a_value():
    made = element("video", class_="a", aria_label="b", controls=True, muted=False)
    assert made == '<video class="a" aria-label="b" controls></video>'


@pytest.mark.parametrize("letter", ["\x00", "\x1b", "\ud800", "\u202e"])
def test_what_no_file_or_reader_could_take_is_replaced(letter):
    text = element("p", f"a{letter}b\nc")
    assert text == "<p>a\ufffdb\nc</p>"
    text.encode()


def test_an_address_contains_the_file():
    assert data_uri(b"abc", "image/png") == "data:image/png;base64,YWJj"
