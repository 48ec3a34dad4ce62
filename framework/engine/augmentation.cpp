#include "engine/augmentation.hpp"

#include "instances/services.hpp"

#include <spar/philox.hpp>

#include <fmt/format.h>

namespace spar::host {
namespace {

constexpr std::int64_t block = 16;  // rows per task

template <class T>
T *from(T *base, std::int64_t offset) {
    return base != nullptr ? base + offset : nullptr;
}

struct Work {
    const Instance &transform;
    const spar_transform_rows &rows;
};

spar_status apply_to_block(void *context, std::int64_t index, spar_error *error) {
    const auto &work = *static_cast<const Work *>(context);
    const Instance &transform = work.transform;
    const spar_transform_rows &all = work.rows;
    const std::int64_t first = index * block;
    spar_transform_rows some = all;
    some.count = std::min(block, all.count - first);
    some.x = from(all.x, first * all.size);
    some.tokens = from(all.tokens, first * all.size);
    some.mask = from(all.mask, first * all.size);
    some.ids = all.ids + first;
    spar_status status = SPAR_OK;
    const spar_status thrown = guarded(error, [&] {
        status = transform.table<spar_transform_table>().apply(transform.self(), &some, error);
    });
    return thrown != SPAR_OK ? thrown : status;
}

}  // namespace

Augmentation::Augmentation(std::vector<std::unique_ptr<Instance>> transforms, const Data &data)
    : transforms_(std::move(transforms)), data_(data) {
    Batch none;  // room for one example, though count is 0
    none.x.resize(data.tokens() ? 0 : 1, product(data.shape()));
    none.tokens.resize(data.tokens() ? 1 : 0);
    none.mask.resize(none.tokens.size());
    none.ids.resize(1);
    none.length = data.tokens() ? data.shape()[0] : 0;
    for (const auto &transform : transforms_) {
        const spar_transform_rows all = rows(none, *transform, 0);
        transform->call("apply", [&](spar_error *error) {
            return transform->table<spar_transform_table>().apply(transform->self(), &all, error);
        });
    }
}

void Augmentation::apply(Batch &batch, std::int64_t epoch) const {
    for (const auto &transform : transforms_) {
        const spar_transform_rows all = rows(batch, *transform, epoch);
        Work work{*transform, all};
        transform->call("apply", [&](spar_error *error) {
            return host_table()->parallel_for(host_table(), (all.count + block - 1) / block,
                                              apply_to_block, &work, error);
        });
        check_ends(*transform, "apply", {{"x", all.x}, {"tokens", all.tokens}, {"mask", all.mask}});
        check(batch, *transform);
    }
}

spar_transform_rows Augmentation::rows(Batch &batch, const Instance &transform,
                                       std::int64_t epoch) const {
    const spar_dataset_info &info = data_.info();
    spar_transform_rows all{};
    all.struct_size = sizeof all;
    all.rank = info.rank;
    all.count = batch.count;
    all.size = product(data_.shape());
    std::ranges::copy(data_.shape(), all.shape);
    if (data_.tokens()) {
        all.size = all.shape[0] = batch.length;
        all.tokens = batch.tokens.data();
        all.mask = batch.mask.data();
    } else {
        all.x = batch.x.data();
    }
    all.ids = batch.ids.data();
    all.key = mix_key(transform.key(), static_cast<std::uint64_t>(epoch));
    all.lower = info.lower;
    all.upper = info.upper;
    return all;
}

void Augmentation::check(const Batch &batch, const Instance &transform) const {
    if (const auto fault = data_.fault_of(batch))
        throw Failure(Exit::plugin,
                      fmt::format("#{}: {} leaves example {} so that it {}", transform.pointer(),
                                  transform.label(), batch.ids[fault->row], fault->what));
}

}  // namespace spar::host
