// Texts of other encodings, made UTF-8 as they are read.
#pragma once

#include "utf8.hpp"

#include <span>

namespace datasets {

enum class Encoding { utf8, latin1, utf16 };

/// Takes a file's bytes in parts.
class Decoder {
  public:
    explicit Decoder(Encoding encoding) : encoding_(encoding) {}

    /// Appends the next bytes as UTF-8. What is no character of the encoding becomes a byte that is
    /// not valid UTF-8, for whoever checks that. `last`: the file ends with them.
    void append(std::span<const std::uint8_t> bytes, bool last, std::string &text) {
        switch (encoding_) {
            case Encoding::utf8:
                text.append(bytes.begin(), bytes.end());
                break;
            case Encoding::latin1:
                for (const std::uint8_t byte : bytes) append_code(text, byte);
                break;
            case Encoding::utf16:
                for (const std::uint8_t byte : bytes) take(byte, text);
                if (last) {
                    flush(text);
                    if (odd_) text += no_character;
                    odd_ = false;
                }
                break;
        }
    }

  private:
    static constexpr char no_character = '\xFF';

    void take(std::uint8_t byte, std::string &text) {
        if (!odd_) {
            half_ = byte;
            odd_ = true;
            return;
        }
        odd_ = false;
        const std::uint32_t little = half_ | std::uint32_t{byte} << 8,
                            big = byte | std::uint32_t{half_} << 8;
        if (!begun_) {
            begun_ = true;
            big_endian_ = big == 0xFEFF;
            if (big_endian_ || little == 0xFEFF) return;
        }
        unit(big_endian_ ? big : little, text);
    }

    void unit(std::uint32_t unit, std::string &text) {
        if (high_ != 0 && unit >= 0xDC00 && unit < 0xE000) {
            append_code(text, 0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00));
            high_ = 0;
            return;
        }
        flush(text);
        if (unit >= 0xD800 && unit < 0xDC00)
            high_ = unit;
        else if (unit >= 0xDC00 && unit < 0xE000)
            text += no_character;
        else
            append_code(text, unit);
    }

    /// Writes the first half of a pair whose second half is missing.
    void flush(std::string &text) {
        if (high_ != 0) text += no_character;
        high_ = 0;
    }

    Encoding encoding_;
    bool odd_ = false, begun_ = false, big_endian_ = false;
    std::uint8_t half_ = 0;
    std::uint32_t high_ = 0;
};

}  // namespace datasets
