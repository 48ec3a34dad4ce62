// Memory of networks: blocks of bytes, places in them, and vectors aligned to cache lines.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace sequential {

/// Zeroed bytes, aligned to a page.
class Block {
  public:
    Block() = default;
    explicit Block(std::size_t bytes);
    std::byte *data() const { return bytes_.get(); }
    std::size_t size() const { return size_; }

  private:
    struct Free {
        void operator()(std::byte *p) const { std::free(p); }
    };
    std::unique_ptr<std::byte[], Free> bytes_;
    std::size_t size_ = 0;
};

/// Offsets inside a block, each aligned to a cache line.
class Layout {
  public:
    std::size_t take(std::size_t bytes) {
        const std::size_t offset = size_;
        size_ += (bytes + 63) / 64 * 64;
        return offset;
    }
    std::size_t size() const { return size_; }

  private:
    std::size_t size_ = 0;
};

/// Floats aligned to a cache line, so that no vector of them crosses two.
template <class T>
struct CacheLines {
    using value_type = T;
    static constexpr std::align_val_t line{64};
    static T *allocate(std::size_t count) {
        return static_cast<T *>(::operator new(count * sizeof(T), line));
    }
    static void deallocate(T *values, std::size_t) { ::operator delete(values, line); }
    bool operator==(const CacheLines &) const = default;
};
using Aligned = std::vector<float, CacheLines<float>>;

}  // namespace sequential
