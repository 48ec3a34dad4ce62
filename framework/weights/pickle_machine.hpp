// Python's machine for pickles; see pickle.hpp.
#pragma once

#include "base/words.hpp"
#include "weights/pickle.hpp"
#include "weights/pickle_names.hpp"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>
#include <unordered_map>

namespace spar::host {

/// A stack, marks on it, and a memory. Nothing recurs, so that nesting costs no stack of ours.
class PickleMachine {
    using Value = PickleValue *;
    using Kind = PickleValue::Kind;

    static constexpr std::size_t most_values = 4'000'000, most_marks = 1000;

  public:
    PickleMachine(Pickle &pickle, std::string_view bytes, const Pickle::Refuse &refuse)
        : pickle_(pickle), bytes_(bytes), refuse_(refuse) {}

    Value run() {
        for (;;) {
            place_ = at_;
            const auto code = static_cast<unsigned char>(take(1)[0]);
            if (code == '.') {
                Value root = pop();
                if (!stack_.empty() || !marks_.empty()) refuse("its end leaves values behind");
                return root;
            }
            step(code);
        }
    }

  private:
    [[noreturn]] void refuse(const std::string &what) const {
        refuse_(fmt::format("at byte {}{}: {}", place_,
                            last_text_.empty() ? "" : ", after the text " + quote(last_text_),
                            what));
        throw std::logic_error("a fault was not refused");
    }

    std::string_view take(std::uint64_t count) {
        if (count > bytes_.size() - at_) refuse("it ends too early");
        const std::string_view taken = bytes_.substr(at_, count);
        at_ += count;
        return taken;
    }
    /// An unsigned number of so many bytes.
    std::uint64_t number(std::size_t width) {
        std::uint64_t value = 0;
        std::memcpy(&value, take(width).data(), width);
        return value;
    }
    std::string_view line() {
        const std::size_t end = bytes_.find('\n', at_);
        if (end == std::string_view::npos) refuse("it ends too early");
        const std::string_view text = take(end - at_);
        take(1);
        return text;
    }

    PickleValue &push(Kind kind) {
        if (pickle_.values_.size() >= most_values)
            refuse(fmt::format("it makes more than {} values", most_values));
        PickleValue &value = pickle_.values_.emplace_back(PickleValue{.kind = kind});
        stack_.push_back(&value);
        return value;
    }
    void push_integer(std::int64_t value) { push(Kind::integer).integer = value; }
    void push_text(std::string_view text) {
        if (!text.empty()) last_text_ = text;
        push(Kind::text).text = text;
    }

    std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
    Value pop() {
        if (stack_.size() <= floor()) refuse("it takes a value where there is none");
        Value value = stack_.back();
        stack_.pop_back();
        return value;
    }
    std::vector<Value> pop_to_mark() {
        if (marks_.empty()) refuse("it goes back to a mark where there is none");
        const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
        std::vector<Value> items(begin, stack_.end());
        stack_.erase(begin, stack_.end());
        marks_.pop_back();
        return items;
    }
    /// The value on top, to be changed; it stays there.
    PickleValue &top(Kind kind, const char *expected) {
        Value value = pop();
        stack_.push_back(value);
        if (value->kind != kind) refuse(fmt::format("it treats another value as {}", expected));
        return *value;
    }
    void push_tuple(std::vector<Value> items) { push(Kind::tuple).items = std::move(items); }
    void push_last(std::size_t count) {
        std::vector<Value> items(count);
        for (std::size_t i = count; i-- > 0;) items[i] = pop();
        push_tuple(std::move(items));
    }

    void remember(std::uint64_t place) {
        Value value = pop();
        stack_.push_back(value);
        memory_[place] = value;
        if (memory_.size() > most_values) refuse("it keeps too many values");
    }
    void recall(std::uint64_t place) {
        const auto found = memory_.find(place);
        if (found == memory_.end()) refuse("it recalls a value that it never kept");
        stack_.push_back(found->second);
        if (stack_.size() > most_values) refuse("its stack grows beyond all bounds");
    }

    void add_items(const std::vector<Value> &items) {
        if (stack_.size() > floor() && stack_.back()->kind == Kind::other) return;
        if (items.size() % 2 != 0) refuse("a dict gets a key without a value");
        PickleValue &dict = top(Kind::dict, "a dict");
        dict.items.insert(dict.items.end(), items.begin(), items.end());
    }
    void add_elements(const std::vector<Value> &items) {
        PickleValue &list = top(Kind::list, "a list");
        list.items.insert(list.items.end(), items.begin(), items.end());
    }

    /// "module.name", which must be one that is known.
    void push_name(std::string_view module, std::string_view name) {
        const std::string &whole = pickle_.names_.emplace_back(fmt::format("{}.{}", module, name));
        if (!pickle_name(whole))
            refuse(fmt::format(
                "it asks for Python's {}, which no state_dict needs and which is not run",
                quote(whole)));
        push(Kind::name).text = whole;
    }

    static bool of(const PickleValue *value, Kind kind) { return value->kind == kind; }

    std::vector<std::int64_t> integers(Value value, const char *what) const {
        std::vector<std::int64_t> numbers;
        if (!of(value, Kind::tuple) && !of(value, Kind::list))
            refuse(fmt::format("a tensor's {} is no tuple", what));
        if (value->items.size() > 64)
            refuse(fmt::format("a tensor's {} has {} numbers, more than 64", what,
                               value->items.size()));
        for (Value item : value->items) {
            if (!of(item, Kind::integer)) refuse(fmt::format("a tensor's {} is no integers", what));
            numbers.push_back(item->integer);
        }
        return numbers;
    }

    void push_tensor(const std::vector<Value> &arguments) {
        if (arguments.size() < 4 || !of(arguments[0], Kind::storage) ||
            !of(arguments[1], Kind::integer))
            refuse("a tensor is not made of a storage, an offset, a shape and strides");
        const std::vector<Value> &storage = arguments[0]->items;
        StoredTensor tensor{.storage = std::string(storage[1]->text),
                            .type = storage_type(storage[0]->text),
                            .available = storage[3]->integer,
                            .offset = arguments[1]->integer,
                            .shape = integers(arguments[2], "shape"),
                            .strides = integers(arguments[3], "strides")};
        push(Kind::tensor).tensor = &pickle_.tensors_.emplace_back(std::move(tensor));
    }

    void call() {
        Value arguments = pop(), function = pop();
        if (!of(function, Kind::name) || !of(arguments, Kind::tuple))
            refuse("it calls something that is no function");
        const auto wrong = [&] {
            refuse(fmt::format("{} is called with something unexpected", function->text));
        };
        switch (*pickle_name(function->text)) {
            case PickleName::ordered_dict:
                if (!arguments->items.empty()) wrong();
                push(Kind::dict);
                break;
            case PickleName::tensor:
                push_tensor(arguments->items);
                break;
            case PickleName::parameter:
                if (arguments->items.empty() || !of(arguments->items[0], Kind::tensor)) wrong();
                stack_.push_back(arguments->items[0]);
                break;
            case PickleName::size:
                if (arguments->items.size() != 1) wrong();
                stack_.push_back(arguments->items[0]);
                break;
            case PickleName::plain:
                push(Kind::other);
                break;
            case PickleName::storage:
                wrong();
        }
    }

    /// What the archive has under a persistent id: a storage.
    void push_storage() {
        Value id = pop();
        const auto &items = id->items;
        const bool sound = of(id, Kind::tuple) && items.size() == 5 && of(items[0], Kind::text) &&
                           items[0]->text == "storage" && of(items[1], Kind::name) &&
                           !storage_type(items[1]->text).empty() && of(items[2], Kind::text) &&
                           of(items[4], Kind::integer);
        if (!sound) refuse("it refers to something that is no storage of numbers");
        push(Kind::storage).items = {items.begin() + 1, items.end()};
    }

    void push_long(std::uint64_t size) {
        const std::string_view digits = take(size);
        if (size > sizeof(std::int64_t)) {
            push(Kind::other);
            return;
        }
        const bool negative = size > 0 && (digits.back() & '\x80') != 0;
        std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
        std::memcpy(&value, digits.data(), size);
        push_integer(static_cast<std::int64_t>(value));
    }

    void step(unsigned char code);
    bool scalar(unsigned char code);
    bool container(unsigned char code);
    [[noreturn]] void refuse_code(unsigned char code);

    Pickle &pickle_;
    std::string_view bytes_, last_text_;
    const Pickle::Refuse &refuse_;
    std::size_t at_ = 0, place_ = 0;
    std::vector<Value> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint64_t, Value> memory_;
};

}  // namespace spar::host
