// oneDNN as we use it: one engine, one thread a primitive, memory of ours, arguments without
// allocation.
#pragma once

#include "shape.hpp"

#include <dnnl.hpp>

#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <new>
#include <vector>

namespace sequential {

const dnnl::engine &cpu();

/// While it lives, primitives are planned for and run by the calling thread alone.
class OneThread {
  public:
    OneThread();
    ~OneThread();
    OneThread(const OneThread &) = delete;
    OneThread &operator=(const OneThread &) = delete;

  private:
    int before_;
};

/// Zeroed bytes at the start of a cache line and of a page's worth of alignment.
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

/// Offsets inside a block.
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

/// Floats from the start of a cache line on: a vector of them never lies across two.
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

dnnl::memory::desc plain_desc(const Shape &dims);
/// [n, c, h, w] in blocks of kernels().block channels.
dnnl::memory::desc blocked_desc(const Shape &dims);
/// The attributes of all our primitives: scratch memory is the caller's.
dnnl::primitive_attr own_scratch();

struct Argument {
    int index;
    const dnnl::memory *memory;
};

/// Runs a primitive without allocating on our side.
void execute(const dnnl::primitive &primitive, const dnnl::stream &stream,
             std::initializer_list<Argument> arguments);

}  // namespace sequential
