#include "base/embedder.hpp"

#include <atomic>

namespace spar::host {
namespace {

std::atomic<Embedder *> held_by{nullptr};

}  // namespace

Embedder &embedder() {
    static Embedder nobody;
    Embedder *const holder = held_by.load(std::memory_order_acquire);
    return holder != nullptr ? *holder : nobody;
}

void embed_in(Embedder *holder) {
    held_by.store(holder, std::memory_order_release);
}

}  // namespace spar::host
