"""Makes Excel workbooks out of XML, also damaged and hostile ones."""

import io
import zipfile

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DATE, PERCENT, TIME = 1, 2, 3
"""Styles."""


def workbook(sheets, *, hidden=()):
    """The bytes of a workbook; `sheets` are rows of cells, or the XML of a worksheet, by name."""
    rels = f'<Relationships xmlns="{_PACKAGE}/relationships">'
    kinds = {
        **{
            f"rId{number}": ("worksheet", f"worksheets/sheet{number}.xml")
            for number in range(1, len(sheets) + 1)
        }
    }
    kinds["styles"] = ("styles", "styles.xml")
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": f'{rels}<Relationship Id="r" Type="{_DOC}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}"><sheets>'
        + "".join(
            f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"{" state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""}/>'
            for number, name in enumerate(sheets, 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": rels
        + "".join(
            f'<Relationship Id="{key}" Type="{_DOC}/{kind}" Target="{target}"/>'
            for key, (kind, target) in kinds.items()
        )
        + "</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs>'
        + "".join(f'<xf numFmtId="{number}"/>' for number in (0, 14, 9, 20))
        + "</cellXfs></styleSheet>",
    }
    for number, content in enumerate(sheets.values(), 1):
        xml = content if isinstance(content, str) else sheet_xml(content)
        parts[f"xl/worksheets/sheet{number}.xml"] = f'<worksheet xmlns="{_MAIN}">{xml}</worksheet>'
    return packed(parts)


def packed(parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def sheet_xml(rows, *, first_row=1, first_column=1, more=""):
    """Rows of texts, numbers, booleans, `(number, style)`, errors such as `#N/A`, and None."""
    lines = []
    for number, row in enumerate(rows, first_row):
        cells = "".join(
            _cell(f"{_letters(column)}{number}", value) for column, value in enumerate(row, first_column)
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    return f"<sheetData>{''.join(lines)}</sheetData>{more}"


def _cell(place, value):
    value, style = value if isinstance(value, tuple) else (value, 0)
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str) and value.startswith("#"):
        return f'<c r="{place}" t="e"><f>1/0</f><v>{value}</v></c>'
    if isinstance(value, str):
        text = value.replace("&", "&amp;").replace("<", "&lt;")
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f'<c r="{place}" s="{style}"><v>{value!r}</v></c>'


def _letters(number):
    return chr(64 + number) if number <= 26 else chr(64 + (number - 1) // 26) + chr(65 + (number - 1) % 26)
