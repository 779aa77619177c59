# SPDX-License-Identifier: MIT
"""tools/story/values.py: bytes as values of C types, by the kernel's debug information (DWARF).

`leaves` says which members and elements an extent of an object covers; `value` writes the bytes of one as C would.
"""
QUALIFIERS = {"DW_TAG_const_type": "const ", "DW_TAG_volatile_type": "volatile ", "DW_TAG_restrict_type": "", "DW_TAG_atomic_type": "_Atomic "}
TAGGED = {"DW_TAG_structure_type": "struct", "DW_TAG_union_type": "union", "DW_TAG_enumeration_type": "enum"}
BOOLEAN, SIGNED, SIGNED_CHAR = 2, 5, 6  # DW_ATE_…
POINTER_BYTES = 8
DEPTH_MAX = 64  # types that contain themselves exist only in damaged files


def attribute(die, name, otherwise=None):
    found = die.attributes.get(name) if die is not None else None
    return found.value if found else otherwise


def text_of(die, otherwise=""):
    name = attribute(die, "DW_AT_name")
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else otherwise


def type_of(die):
    """The type that a DIE refers to; a definition may have it in its declaration. None is void."""
    if die is None:
        return None
    for name in ("DW_AT_type", "DW_AT_specification"):
        if name in die.attributes:
            other = die.get_DIE_from_attribute(name)
            return other if name == "DW_AT_type" else type_of(other)
    return None


def plain(type_):
    """Without typedefs and qualifiers."""
    for _ in range(DEPTH_MAX):
        if type_ is None or (type_.tag not in QUALIFIERS and type_.tag != "DW_TAG_typedef"):
            return type_
        type_ = type_of(type_)
    return None


def dimensions(array):
    """Numbers of elements; 0 where it isn't told."""
    found = []
    for child in array.iter_children():
        if child.tag == "DW_TAG_subrange_type":
            count, upper = attribute(child, "DW_AT_count"), attribute(child, "DW_AT_upper_bound")
            found.append(count if isinstance(count, int) else upper + 1 if isinstance(upper, int) else 0)
    return found or [0]


def product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


def size_of(type_):
    type_ = plain(type_)
    if type_ is None:
        return 0
    size = attribute(type_, "DW_AT_byte_size")
    if isinstance(size, int):
        return size
    if type_.tag == "DW_TAG_array_type":
        return size_of(type_of(type_)) * product(dimensions(type_))
    return POINTER_BYTES if type_.tag == "DW_TAG_pointer_type" else 0


def name_of(type_):
    """As one would write it in C, without the variable's name."""
    if type_ is None:
        return "void"
    if type_.tag in QUALIFIERS:
        inner = type_of(type_)
        if plain(inner) is not None and inner.tag == "DW_TAG_pointer_type":
            return f"{name_of(inner)} {QUALIFIERS[type_.tag]}".rstrip()
        return QUALIFIERS[type_.tag] + name_of(inner)
    if type_.tag == "DW_TAG_pointer_type":
        inner = type_of(type_)
        return "function *" if inner is not None and inner.tag == "DW_TAG_subroutine_type" else f"{name_of(inner)} *"
    if type_.tag == "DW_TAG_array_type":
        return name_of(type_of(type_)) + "".join(f"[{n or ''}]" for n in dimensions(type_))
    if type_.tag in TAGGED:
        return f"{TAGGED[type_.tag]} {text_of(type_)}".rstrip()
    return text_of(type_, "?")


class Leaf:
    """One scalar, or a row of single bytes, of which the extent covers `count` bytes from `skip` on; they begin at `at`
    in the extent."""

    def __init__(self, path, type_, skip, count, at):
        self.path, self.type, self.skip, self.count, self.at = path, type_, skip, count, at

    @property
    def is_whole(self):
        return self.skip == 0 and self.count == size_of(self.type)


def leaves(type_, path, start, count, at=0, depth=0):
    """What `count` bytes from `start` on cover in an object of this type, in order; generated, so that one may stop."""
    base = plain(type_)
    if base is None or depth > DEPTH_MAX:
        yield Leaf(path, type_, start, count, at)
    elif base.tag == "DW_TAG_structure_type":
        yield from member_leaves(base, path, start, count, at, depth)
    elif base.tag == "DW_TAG_array_type":
        yield from element_leaves(base, path, start, count, at, depth)
    else: # a union's members overlap: its bytes are shown
        yield Leaf(path, type_, start, count, at)


def member_leaves(struct, path, start, count, at, depth):
    end, covered = start + count, start
    for member in struct.iter_children():
        offset = attribute(member, "DW_AT_data_member_location", 0)
        if member.tag != "DW_TAG_member" or "DW_AT_data_bit_offset" in member.attributes or not isinstance(offset, int):
            continue
        inner, bytes_ = type_of(member), size_of(type_of(member))
        first, last = max(start, offset), min(end, offset + bytes_)
        if first >= last or first < covered:
            continue
        if first > covered:
            yield Leaf(f"{path} (padding)", None, covered, first - covered, at + covered - start)
        name = text_of(member)
        yield from leaves(inner, f"{path}.{name}" if name else path, first - offset, last - first, at + first - start, depth + 1)
        covered = last
    if covered < end:
        yield Leaf(f"{path} (padding)", None, covered, end - covered, at + covered - start)


def element_leaves(array, path, start, count, at, depth):
    element, sizes = type_of(array), dimensions(array)
    bytes_ = size_of(element)
    if bytes_ == 0:
        yield Leaf(path, array, start, count, at)
    elif bytes_ == 1 and len(sizes) == 1 and count > 1:
        yield Leaf(f"{path}[{start}..{start + count - 1}]", element, 0, count, at)
    else:
        done = 0
        while done < count:
            index, skip = divmod(start + done, bytes_)
            part = min(count - done, bytes_ - skip)
            yield from leaves(element, path + indexes(index, sizes), skip, part, at + done, depth + 1)
            done += part


def indexes(index, sizes):
    text = ""
    for size in reversed(sizes[1:]):
        text = f"[{index % size if size else index}]" + text
        index = index // size if size else 0
    return f"[{index}]" + text


def dump(data):
    return data.hex(" ") if len(data) <= 16 else f"{data[:16].hex(' ')} … ({len(data)} bytes)"


def value(type_, data, symbol_near=None):
    """Bytes as a value of a scalar type."""
    base, number = plain(type_), int.from_bytes(data, "little")
    if base is None or len(data) != size_of(type_) or len(data) > 8:
        return dump(data)
    if base.tag == "DW_TAG_pointer_type":
        near = symbol_near(number) if symbol_near and number else None
        return "NULL" if number == 0 else f"{number:#x}" + (f" <{near}>" if near else "")
    if base.tag == "DW_TAG_enumeration_type":
        names = [text_of(c) for c in base.iter_children() if c.tag == "DW_TAG_enumerator" and attribute(c, "DW_AT_const_value") == number]
        return f"{names[0]} ({number})" if names else f"{number} (no such {name_of(type_)})"
    if base.tag != "DW_TAG_base_type":
        return dump(data)
    encoding = attribute(base, "DW_AT_encoding")
    if encoding == BOOLEAN:
        return {0: "false", 1: "true"}.get(number, f"{number:#x} (neither true nor false)")
    if text_of(base) == "char" and 0x20 <= number <= 0x7E:
        return f"'{chr(number)}' ({number:#x})"
    if encoding in (SIGNED, SIGNED_CHAR):
        return str(int.from_bytes(data, "little", signed=True))
    return f"{number:#x}" + (f" ({number})" if 9 < number < 1 << 32 else "")
