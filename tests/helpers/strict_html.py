"""A reader of HTML that fails where tags do not nest."""

from html.parser import HTMLParser

VOID = {"meta", "br", "img", "hr", "link", "input"}


class Strict(HTMLParser):
    """Fails where tags do not nest; gathers ids, references and whatever would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.references: set[str] = set()
        self.fetched: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        self._attributes(tag, attrs)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self._attributes(tag, attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} closed at {self.getpos()}"

    def _attributes(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name in ("href", "xlink:href") and value.startswith("#"):
                self.references.add(value[1:])
            elif name in ("src", "srcset", "data", "href", "xlink:href", "action"):
                self.fetched.append(f"{tag} {name}={value}")
