// State of a component that must survive a restart, besides what the host keeps anyway (parameters,
// an optimizer's arrays, a method's saved tensors). A component with such state defines both
//
//   void save(const spar::StateOut &out) const { out.write(steps_); }
//   void load(const spar::StateIn &in) { in.read(steps_); }
//
// and a resumed run then continues as if it had never stopped; see spar_component.
#pragma once

#include <spar/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace SPAR_HIDDEN spar {

/// Where save() writes. The bytes go into the checkpoint in the order of the calls.
class StateOut {
  public:
    explicit StateOut(const spar_stream *stream) : stream_(stream) {}

    template <class T, std::size_t extent>
    void write(std::span<T, extent> values) const {
        static_assert(std::is_arithmetic_v<T>, "state is made of numbers");
        checked([&](spar_error *e) {
            return stream_->write(stream_->handle, values.data(),
                                  static_cast<std::int64_t>(values.size_bytes()), e);
        });
    }
    template <class T>
    requires std::is_arithmetic_v<T>
    void write(const T &value) const { write(std::span<const T>(&value, 1)); }
    /// With its length.
    void write(std::string_view text) const {
        write(static_cast<std::uint64_t>(text.size()));
        write(std::span<const char>(text));
    }

  private:
    const spar_stream *stream_;
};

/// Where load() reads, in the order in which save() wrote, all of it.
class StateIn {
  public:
    explicit StateIn(const spar_stream *stream) : stream_(stream) {}

    /// Fills all of `values`, or throws if less is left.
    template <class T, std::size_t extent>
    void read(std::span<T, extent> values) const {
        static_assert(std::is_arithmetic_v<T>, "state is made of numbers");
        checked([&](spar_error *e) {
            return stream_->read(stream_->handle, values.data(),
                                 static_cast<std::int64_t>(values.size_bytes()), e);
        });
    }
    template <class T>
    requires std::is_arithmetic_v<T>
    void read(T &value) const { read(std::span<T>(&value, 1)); }
    void read(std::string &text) const {
        std::uint64_t size = 0;
        read(size);
        text.clear();
        while (text.size() < size) {  // in parts, because a damaged size may be any number
            const std::size_t done = text.size();
            text.resize(done + std::min<std::uint64_t>(size - done, 1U << 16));
            read(std::span<char>(text).subspan(done));
        }
    }

  private:
    const spar_stream *stream_;
};

}  // namespace spar
