// Arrays of the host that plugins write into, each in its own memory between known bytes: a write
// past an end hits no other data, and the call that did it is reported.
#pragma once

#include "instances/instance.hpp"

#include <spar/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>

namespace spar::host {

/// Beyond the known bytes on both sides lies protected memory: writing further crashes inside the
/// call that does it.
class FencedMemory {
  public:
    FencedMemory() = default;
    FencedMemory(FencedMemory &&other) noexcept : region_(std::exchange(other.region_, nullptr)) {}
    FencedMemory &operator=(FencedMemory &&other) noexcept {
        std::swap(region_, other.region_);
        return *this;
    }
    ~FencedMemory();

    /// Resizes to `bytes`, placed right before the rear fence, and restores the fences. A change of
    /// size loses the content; new memory is zero, and allocated only to grow.
    void resize(std::size_t bytes);

    std::byte *data() const { return region_ != nullptr ? region_->data : nullptr; }
    std::size_t size() const { return region_ != nullptr ? region_->size : 0; }

    /// How far writes have reached before the beginning and past the end, in bytes.
    struct Breach {
        std::size_t before = 0, behind = 0;
    };
    struct Region {
        std::byte *begin, *end;  // of the accessible part
        std::byte *data;
        std::size_t size;

        Breach breach() const;
    };

  private:
    Region *region_ = nullptr;
};

/// An array in fenced memory. Changing the size loses the content.
template <class T>
class Fenced {
  public:
    Fenced() = default;
    explicit Fenced(std::size_t size) { resize(size); }

    void resize(std::size_t size) { memory_.resize(size * sizeof(T)); }
    void assign(const T *first, const T *last) {
        resize(static_cast<std::size_t>(last - first));
        std::copy(first, last, data());
    }
    T *data() { return reinterpret_cast<T *>(memory_.data()); }
    const T *data() const { return reinterpret_cast<const T *>(memory_.data()); }
    std::size_t size() const { return memory_.size() / sizeof(T); }
    bool empty() const { return size() == 0; }
    T *begin() { return data(); }
    T *end() { return data() + size(); }
    const T *begin() const { return data(); }
    const T *end() const { return data() + size(); }
    T &operator[](std::size_t index) { return data()[index]; }
    const T &operator[](std::size_t index) const { return data()[index]; }

    friend bool operator==(const Fenced &a, std::span<const T> b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }
    friend bool operator==(const Fenced &a, const Fenced &b) { return a == std::span<const T>(b); }

  private:
    FencedMemory memory_;
};

/// A matrix in fenced memory. Changing the size loses the content.
using FencedMatrix = MatrixOf<Fenced<float>>;

/// An array given to a plugin, with its name in the contract.
struct GivenArray {
    const char *name;
    const void *data;
};

/// After a call: throws Failure(Exit::plugin) if one of these arrays was written past an end. Null
/// pointers and other memory are ignored.
void check_ends(const Instance &whose, const char *what, std::initializer_list<GivenArray> arrays);

}  // namespace spar::host
