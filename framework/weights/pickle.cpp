#include "weights/pickle.hpp"

#include "weights/pickle_machine.hpp"

namespace spar::host {

/// Values without parts. False if the code is for none of them.
bool PickleMachine::scalar(unsigned char code) {
    switch (code) {
        case 'N':  // NONE
            push(Kind::none);
            return true;
        case 0x88:  // NEWTRUE
        case 0x89:  // NEWFALSE
            push(Kind::truth).integer = code == 0x88 ? 1 : 0;
            return true;
        case 'J':  // BININT
            push_integer(static_cast<std::int32_t>(number(4)));
            return true;
        case 'K':  // BININT1
            push_integer(static_cast<std::int64_t>(number(1)));
            return true;
        case 'M':  // BININT2
            push_integer(static_cast<std::int64_t>(number(2)));
            return true;
        case 0x8A:  // LONG1
            push_long(number(1));
            return true;
        case 0x8B:  // LONG4
            push_long(number(4));
            return true;
        case 'G':  // BINFLOAT
            take(8);
            push(Kind::other);
            return true;
        case 'X':  // BINUNICODE
            push_text(take(number(4)));
            return true;
        case 0x8C:  // SHORT_BINUNICODE
            push_text(take(number(1)));
            return true;
        case 0x8D:  // BINUNICODE8
            push_text(take(number(8)));
            return true;
        case 'B':  // BINBYTES
        case 'T':  // BINSTRING
            take(number(4));
            push(Kind::other);
            return true;
        case 'C':  // SHORT_BINBYTES
        case 'U':  // SHORT_BINSTRING
            take(number(1));
            push(Kind::other);
            return true;
        default:
            return false;
    }
}

/// Values made of others.
bool PickleMachine::container(unsigned char code) {
    switch (code) {
        case ')':  // EMPTY_TUPLE
            push_tuple({});
            return true;
        case 0x85:  // TUPLE1, TUPLE2, TUPLE3
        case 0x86:
        case 0x87:
            push_last(code - 0x84U);
            return true;
        case 't':  // TUPLE
            push_tuple(pop_to_mark());
            return true;
        case ']':   // EMPTY_LIST
        case 0x8F:  // EMPTY_SET
            push(Kind::list);
            return true;
        case 'a':  // APPEND
            if (Value item = pop(); true) add_elements({item});
            return true;
        case 'e':   // APPENDS
        case 0x90:  // ADDITEMS
            add_elements(pop_to_mark());
            return true;
        case '}':  // EMPTY_DICT
            push(Kind::dict);
            return true;
        case 's':  // SETITEM
            if (Value value = pop(), key = pop(); true) add_items({key, value});
            return true;
        case 'u':  // SETITEMS
            add_items(pop_to_mark());
            return true;
        default:
            return false;
    }
}

void PickleMachine::step(unsigned char code) {
    if (scalar(code) || container(code)) return;
    switch (code) {
        case 0x80:  // PROTO
            if (const std::uint64_t version = number(1); version > 5)
                refuse(fmt::format("protocol {} is not known", version));
            return;
        case 0x95:  // FRAME
            number(8);
            return;
        case '(':  // MARK
            if (marks_.size() >= most_marks) refuse("its values are nested too deep");
            marks_.push_back(stack_.size());
            return;
        case '0':  // POP
            pop();
            return;
        case 'q':  // BINPUT
            return remember(number(1));
        case 'r':  // LONG_BINPUT
            return remember(number(4));
        case 0x94:  // MEMOIZE
            return remember(memory_.size());
        case 'h':  // BINGET
            return recall(number(1));
        case 'j':  // LONG_BINGET
            return recall(number(4));
        case 'c': {  // GLOBAL
            const std::string_view module = line();
            return push_name(module, line());
        }
        case 'i': {  // INST: a name, to be called at once
            const std::string_view module = line();
            push_name(module, line());
            refuse_code(code);
        }
        case 0x93: {  // STACK_GLOBAL
            Value name = pop(), module = pop();
            if (!of(name, Kind::text) || !of(module, Kind::text)) refuse("a name is no text");
            return push_name(module->text, name->text);
        }
        case 'R':  // REDUCE
            return call();
        case 'b':  // BUILD: attributes of an object; those of an ordered dict say nothing here
            pop();
            if (Value object = pop(); !of(object, Kind::dict) && !of(object, Kind::other))
                refuse("it sets the attributes of something that has none");
            else
                stack_.push_back(object);
            return;
        case 'Q':  // BINPERSID
            return push_storage();
        default:
            refuse_code(code);
    }
}

void PickleMachine::refuse_code(unsigned char code) {
    static const std::unordered_map<unsigned char, const char *> names{
        {0x81, "NEWOBJ"}, {0x92, "NEWOBJ_EX"}, {'i', "INST"},    {'o', "OBJ"},     {0x82, "EXT1"},
        {0x83, "EXT2"},   {0x84, "EXT4"},      {'P', "PERSID"},  {'I', "INT"},     {'L', "LONG"},
        {'F', "FLOAT"},   {'S', "STRING"},     {'V', "UNICODE"}, {'2', "DUP"},     {'p', "PUT"},
        {'g', "GET"},     {'d', "DICT"},       {'l', "LIST"},    {'1', "POP_MARK"}};
    const auto found = names.find(code);
    refuse(fmt::format("the instruction {}, which no state_dict needs",
                       found == names.end() ? fmt::format("{:#04x}", code) : found->second));
}

Pickle::Pickle(std::string_view bytes, const Refuse &refuse)
    : root_(PickleMachine(*this, bytes, refuse).run()) {}

const PickleValue *Pickle::member(const PickleValue &dict, std::string_view key) {
    const PickleValue *found = nullptr;
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2)
        if (dict.items[i]->kind == PickleValue::Kind::text && dict.items[i]->text == key)
            found = dict.items[i + 1];
    return found;
}

}  // namespace spar::host
