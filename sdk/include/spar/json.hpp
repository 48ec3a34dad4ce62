// Writing small JSON texts, such as schemas. Reading is left to the host.
#pragma once

#include <spar/abi/visibility.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace SPAR_HIDDEN spar {

inline std::string json_text(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
                quoted += "\\\"";
                break;
            case '\\':
                quoted += "\\\\";
                break;
            case '\n':
                quoted += "\\n";
                break;
            case '\t':
                quoted += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    char escape[8];
                    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
                    quoted += escape;
                } else {
                    quoted += c;
                }
        }
    }
    return quoted + "\"";
}

/// The shortest text that reads back as the same double; "null" if JSON cannot express it.
inline std::string json_number(double value) {
    if (!std::isfinite(value)) return "null";
    char text[32];
    if (std::abs(value) < 1e15 && std::trunc(value) == value) {
        std::snprintf(text, sizeof text, "%.0f", value);
        return text;
    }
    for (int digits = 1; digits <= 17; ++digits) {
        std::snprintf(text, sizeof text, "%.*g", digits, value);
        double back = 0;
        if (std::sscanf(text, "%lf", &back) == 1 && back == value) break;
    }
    return text;
}

/// A JSON array, written element by element.
class JsonArray {
  public:
    JsonArray &raw(const std::string &json) {
        if (!body_.empty()) body_ += ',';
        body_ += json;
        return *this;
    }
    JsonArray &text(std::string_view value) { return raw(json_text(value)); }
    std::string str() const { return "[" + body_ + "]"; }

  private:
    std::string body_;
};

/// A JSON object, written member by member; the caller keeps the names distinct:
///
///     JsonObject().text("type", "object").integer("minItems", 1).str()
class JsonObject {
  public:
    JsonObject &raw(std::string_view name, const std::string &json) {
        if (!body_.empty()) body_ += ',';
        body_ += json_text(name);
        body_ += ':';
        body_ += json;
        return *this;
    }
    JsonObject &text(std::string_view name, std::string_view value) {
        return raw(name, json_text(value));
    }
    JsonObject &number(std::string_view name, double value) {
        return raw(name, json_number(value));
    }
    JsonObject &integer(std::string_view name, std::int64_t value) {
        return raw(name, std::to_string(value));
    }
    std::string str() const { return "{" + body_ + "}"; }

  private:
    std::string body_;
};

}  // namespace spar
