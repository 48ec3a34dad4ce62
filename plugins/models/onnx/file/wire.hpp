// The wire format of protocol buffers: a message is a row of fields, each a number, a kind and
// bytes. Reads what is there and nothing beyond; spar::bad_data for anything else.
#pragma once

#include <spar/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onnx {

/// One message, field by field:
///
///     for (Wire wire(bytes, "the graph"); wire.next();)
///         if (wire.field() == 1) use(wire.bytes());
class Wire {
  public:
    /// `what` it is, for messages.
    Wire(std::string_view message, const char *what) : rest_(message), what_(what) {}

    /// Goes to the next field; false after the last one.
    bool next();
    std::uint32_t field() const { return field_; }

    // The field's value; spar::bad_data if it is of another kind.
    std::int64_t integer() const;
    float number() const;
    std::string_view bytes() const;
    std::string text() const { return std::string(bytes()); }

    // Of a repeated field, one value or a packed row of them, at most `most` in all.
    void add_integers(std::vector<std::int64_t> &to, std::size_t most) const;
    void add_numbers(std::vector<float> &to, std::size_t most) const;
    void add_wide_numbers(std::vector<double> &to, std::size_t most) const;

  private:
    enum class Kind : std::uint8_t { varint = 0, wide = 1, bytes = 2, narrow = 5 };

    [[noreturn]] void refuse(const std::string &fault) const;
    std::uint64_t take_varint(std::string_view &from) const;
    std::string_view take(std::string_view &from, std::uint64_t count) const;
    template <class T>
    void add_fixed(std::vector<T> &to, std::size_t most, Kind alone) const;

    std::string_view rest_, bytes_;
    const char *what_;
    std::uint32_t field_ = 0;
    Kind kind_{};
    std::uint64_t value_ = 0;
};

}  // namespace onnx
