"""A page of ours as its tests read it: well formed, without scripts in attributes; its tags, links and words."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Every element closed where it should be; `attributes` has a pair of tag and dictionary for each."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        attributes = dict(attrs)
        self.attributes.append((tag, attributes))
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "img" or (attributes["alt"] and attributes["src"].startswith("data:image/"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def tags(self):
        return [tag for tag, _ in self.attributes]

    @property
    def ids(self):
        return [attributes["id"] for _, attributes in self.attributes if "id" in attributes]

    @property
    def links(self):
        return [attributes["href"] for tag, attributes in self.attributes if tag == "a"]

    @property
    def text(self):
        return " ".join("".join(self.words).split())
