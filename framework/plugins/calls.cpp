#include "plugins/calls.hpp"

#include "base/embedder.hpp"

namespace spar::host {
namespace {

thread_local const Call *call = nullptr;

}  // namespace

const Call *current_call() {
    return call;
}

Calling::Calling(const Call *now) : outer_(call) {
    call = now;
    embedder().calls(now);
}

Calling::~Calling() {
    call = outer_;
    embedder().calls(outer_);
}

}  // namespace spar::host
