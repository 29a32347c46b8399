"""What Python has no words for: reading several bytes at once, comparing 64 of them, and finding the next set bit.

These are written in LLVM's terms, which every processor numba knows has instructions for.
"""

from __future__ import annotations

import sys
from functools import reduce
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

LANES = 64
"""Bytes that are compared at once."""
NARROWED = 32
"""Code points that are written as bytes at once."""
SLOTS = 32
"""Permutations whose least values stay in registers together."""
_SIGNS = b'.!?;":\n\r'
"""The ASCII signs among `dedup.text.alphabet.SENTENCE_ENDS`; those from the colon on are among `SEPARATORS`."""


def _address(context: Any, builder: Any, signature: Any, args: Any, kind: ir.Type) -> Any:
    array = make_array(signature.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), ir.PointerType(kind))


def _lanes(value: int) -> ir.Constant:
    return ir.Constant(ir.VectorType(ir.IntType(8), LANES), [ir.Constant(ir.IntType(8), value)] * LANES)


def _byte(_context: Any, text: Any, _at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, signature, args, ir.IntType(8)))

    return types.uint8(text, types.intp), code


def _fetch(_context: Any, array: Any, _at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number, place = ir.IntType(32), ir.PointerType(ir.IntType(8))
        form = ir.FunctionType(ir.VoidType(), [place, number, number, number])
        ahead = builder.module.declare_intrinsic("llvm.prefetch", [place], form)
        read, often, data = (ir.Constant(number, value) for value in (0, 3, 1))
        builder.call(ahead, [_address(context, builder, signature, args, ir.IntType(8)), read, often, data])
        return context.get_dummy_value()

    return types.void(array, types.intp), code


def _four_bytes(_context: Any, text: Any, _at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded = builder.load(_address(context, builder, signature, args, ir.IntType(32)), align=1)
        return loaded if sys.byteorder == "little" else builder.bswap(loaded)

    return types.uint32(text, types.intp), code


def _eight_bytes(_context: Any, text: Any, _at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded = builder.load(_address(context, builder, signature, args, ir.IntType(64)), align=1)
        return loaded if sys.byteorder == "little" else builder.bswap(loaded)

    return types.uint64(text, types.intp), code


def _narrow(_context: Any, points: Any, _at: Any, text: Any, _to: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide, small = (ir.VectorType(ir.IntType(bits), NARROWED) for bits in (32, 8))
        source = make_array(signature.args[0])(context, builder, args[0])
        target = make_array(signature.args[2])(context, builder, args[2])
        given = builder.bitcast(builder.gep(source.data, [args[1]]), ir.PointerType(wide))
        loaded = builder.load(given, align=4)
        out = builder.bitcast(builder.gep(target.data, [args[3]]), ir.PointerType(small))
        builder.store(builder.trunc(loaded, small), out, align=1)
        limit = ir.Constant(wide, [ir.Constant(ir.IntType(32), 0x80)] * NARROWED)
        found = builder.bitcast(builder.icmp_unsigned(">=", loaded, limit), ir.IntType(NARROWED))
        found = found if sys.byteorder == "little" else builder.bitreverse(found)
        return builder.zext(found, ir.IntType(64))

    return types.uint64(points, types.intp, text, types.intp), code


def _classify(_context: Any, text: Any, _at: Any) -> Any:
    result = types.UniTuple(types.uint64, 6)

    def bits(builder: Any, lanes: Any) -> Any:
        found = builder.bitcast(lanes, ir.IntType(LANES))
        return found if sys.byteorder == "little" else builder.bitreverse(found)

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.VectorType(ir.IntType(8), LANES)
        loaded = builder.load(_address(context, builder, signature, args, kind), align=1)
        small = builder.or_(loaded, _lanes(0x20))
        letters = builder.icmp_unsigned("<", builder.sub(small, _lanes(ord("a"))), _lanes(26))
        digits = builder.icmp_unsigned("<", builder.sub(loaded, _lanes(ord("0"))), _lanes(10))
        signs = [builder.icmp_unsigned("==", loaded, _lanes(sign)) for sign in _SIGNS]
        both = reduce(builder.or_, signs[_SIGNS.index(b":") :])
        ends = reduce(builder.or_, signs[: _SIGNS.index(b":")], both)
        round_brackets = builder.icmp_unsigned("<", builder.sub(loaded, _lanes(ord("("))), _lanes(2))
        # With the bit 0x20, [ \\ ] become { | }; they and those are all of them.
        other_brackets = builder.icmp_unsigned("<", builder.sub(small, _lanes(ord("{"))), _lanes(3))
        separators = builder.or_(builder.or_(both, round_brackets), other_brackets)
        hyphens = builder.icmp_unsigned("==", loaded, _lanes(ord("-")))
        spaces = builder.icmp_unsigned("==", loaded, _lanes(ord(" ")))
        beyond = builder.icmp_unsigned(">=", loaded, _lanes(0xC0))
        every = (builder.or_(letters, digits), ends, separators, hyphens, spaces, beyond)
        found = [bits(builder, lanes) for lanes in every]
        return context.make_tuple(builder, result, found)

    return result(text, types.intp), code


def _lowest(_context: Any, _bits: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.intp(types.uint64), code


def _how_many(_context: Any, _bits: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.intp(types.uint64), code


def _rotate(_context: Any, _value: Any, _by: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        word = ir.IntType(32)
        turn = builder.module.declare_intrinsic("llvm.fshl", [word], ir.FunctionType(word, [word] * 3))
        return builder.call(turn, [args[0], args[0], args[1]])

    return types.uint32(types.uint32, types.uint32), code


def _least_lanes(_context: Any, _hashes: Any, _count: Any, a: Any, b: Any, row: Any, _slot: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        count, slot = args[1], args[5]
        word = ir.IntType(32)
        lanes = ir.VectorType(word, SLOTS)

        def place(which: int, at: Any, kind: ir.Type) -> Any:
            array = make_array(signature.args[which])(context, builder, args[which])
            return builder.bitcast(builder.gep(array.data, [at]), ir.PointerType(kind))

        factor = builder.load(place(2, slot, lanes), align=4)
        summand = builder.load(place(3, slot, lanes), align=4)
        found = cgutils.alloca_once_value(builder, ir.Constant(lanes, [ir.Constant(word, 2**32 - 1)] * SLOTS))
        with cgutils.for_range(builder, count) as loop:
            single = builder.load(place(0, loop.index, word))
            first = builder.insert_element(ir.Constant(lanes, ir.Undefined), single, ir.Constant(word, 0))
            mask = ir.Constant(ir.VectorType(word, SLOTS), [ir.Constant(word, 0)] * SLOTS)
            spread = builder.shuffle_vector(first, ir.Constant(lanes, ir.Undefined), mask)
            value = builder.add(builder.mul(factor, spread), summand)
            before = builder.load(found)
            builder.store(builder.select(builder.icmp_unsigned("<", value, before), value, before), found)
        builder.store(builder.load(found), place(4, slot, lanes), align=4)
        return context.get_dummy_value()

    return types.void(_hashes, types.intp, a, b, row, types.intp), code


byte: Any = intrinsic(_byte)
"""`byte(text, at)`: the byte at a place, which must not be counted from the end."""
fetch: Any = intrinsic(_fetch)
"""`fetch(array, at)`: the processor begins to read a place, which may be beyond the end, into its cache."""
four_bytes: Any = intrinsic(_four_bytes)
"""`four_bytes(text, at)`: the four bytes from a place on as one number, the first the lowest."""
eight_bytes: Any = intrinsic(_eight_bytes)
"""`eight_bytes(text, at)`: the same of eight bytes."""
narrow: Any = intrinsic(_narrow)
"""`narrow(points, at, text, to)`: writes the lowest bytes of the `NARROWED` code points from `at` on, from `to` on;
returns a bit for each that is beyond ASCII."""
classify: Any = intrinsic(_classify)
"""`classify(text, at)`: for 64 bytes six sets of bits: ASCII letters and digits; ends of sentences; separators of
segments; hyphens; spaces; and the first bytes of characters beyond ASCII."""
lowest: Any = intrinsic(_lowest)
"""`lowest(bits)`: the place of the lowest set bit of a number, 64 where it has none."""
how_many: Any = intrinsic(_how_many)
"""`how_many(bits)`: how many bits of a number are set."""
rotate: Any = intrinsic(_rotate)
"""`rotate(value, by)`: 32 bits turned left. Out of two shifts LLVM would make a multiplication, which is slower."""
least_lanes: Any = intrinsic(_least_lanes)
"""`least_lanes(hashes, count, a, b, row, slot)`: for `SLOTS` permutations from `slot` on, the least a·h + b mod 2^32 of
the hashes: what sits in registers meanwhile would be read and written at every hash otherwise."""
