#include "run/npz.hpp"
#include "npz_files.hpp"
#include "python.hpp"

#include <cmath>

using namespace spar;
using namespace spar::test;

namespace {

std::string write_pair(const Folder &folder, const std::string &x, const std::string &y) {
    return folder.write("set.npz", zip({{"x.npy", x}, {"y.npy", y}}));
}

std::vector<float> row(const host::Batch &batch, std::int64_t index) {
    const auto values = batch.x[index];
    return {values.begin(), values.end()};
}

/// Runs a Python program with NumPy in the folder; false where there is none.
bool numpy(const Folder &folder, const std::string &program) {
    const auto python = python_with("numpy");
    if (!python) return false;
    const std::string script = folder.write("make.py", program);
    const std::string command = "cd " + folder.path().string() + " && " + *python + " " + script;
    CHECK(std::system(command.c_str()) == 0);
    return true;
}

}  // namespace

TEST_CASE("bytes and labels") {
    const Folder folder;
    const std::string file = write_pair(folder, good_x, good_y);
    const Opened data(npz_node(file));
    CHECK(data.info().size == 3);
    CHECK(data.info().outputs == 3);
    CHECK(data.shape() == std::vector<std::int64_t>{2});
    const host::Batch batch = data.all();
    CHECK(row(batch, 1) == std::vector<float>{0.4F, 0.6F});
    CHECK(batch.labels == std::vector<std::int64_t>{0, 2, 1});
    CHECK(data.data().files() == std::vector<std::string>{file});
    CHECK(Opened(npz_node(file, R"(,"classes":7)")).info().outputs == 7);
}

TEST_CASE("all versions of the header, any order of its entries, either byte order") {
    const Folder folder;
    for (const int version : {1, 2, 3}) {
        const std::string x = npy("{\"shape\":(3,2,),\"fortran_order\":False , 'descr':\">i2\"}",
                                  bytes({0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1}), version);
        const host::Batch batch = Opened(npz_node(write_pair(folder, x, good_y))).all();
        CHECK(row(batch, 0) == std::vector<float>{0, 1});
        CHECK(row(batch, 1) == std::vector<float>{1, 0});
    }
}

TEST_CASE("fractions as targets are values") {
    const Folder folder;
    const auto four = [](float value) { return little(std::bit_cast<std::uint32_t>(value), 4); };
    const std::string y = npy(header("<f4", "(3,)"), four(0.5F) + four(-1000.25F) + four(0));
    const Opened data(npz_node(write_pair(folder, good_x, y)));
    CHECK(data.info().target == SPAR_TARGET_VALUES);
    CHECK(data.info().outputs == 1);
    const host::Batch batch = data.read({1, 0});
    CHECK(batch.labels.empty());
    CHECK(batch.values[0][0] == -1000.25F);
    CHECK(batch.values[1][0] == 0.5F);
}

TEST_CASE("what NumPy writes, stored and compressed") {
    const Folder folder;
    if (!numpy(folder, R"(
import numpy as np
r = np.random.RandomState(3)
for save, name in ((np.savez, 'stored'), (np.savez_compressed, 'packed')):
    for kind in ('u1', 'f4', 'f8', '>f4', 'i4', '?'):
        x = np.arange(5 * 12).reshape(5, 3, 2, 2) % 2
        save('%s-%s.npz' % (name, kind.replace('>', 'b').replace('?', 'bool')),
             x=(x * (255 if kind == 'u1' else 1)).astype(kind), y=np.arange(5).astype('u2'))
    save(name + '-values.npz', inputs=r.rand(4, 6), targets=np.arange(8.0).reshape(4, 2))
np.savez('objects.npz', x=np.array([{}, {}, {}], object), y=np.arange(3))
)"))
        return;
    for (const std::string name : {"stored", "packed"}) {
        for (const std::string kind : {"u1", "f4", "f8", "bf4", "i4", "bool"}) {
            CAPTURE(name + "-" + kind);
            const Opened data(npz_node(folder / (name + "-" + kind + ".npz")));
            CHECK(data.shape() == std::vector<std::int64_t>{3, 2, 2});
            const host::Batch batch = data.all();
            for (std::int64_t i = 0; i < 5; ++i) {
                CHECK(batch.labels[static_cast<std::size_t>(i)] == i);
                for (std::int64_t k = 0; k < 12; ++k)
                    CHECK(batch.x[i][static_cast<std::size_t>(k)] == static_cast<float>(k % 2));
            }
        }
        const Opened values(
            npz_node(folder / (name + "-values.npz"), R"(,"x":"inputs","y":"targets")"));
        CHECK(values.info().outputs == 2);
        CHECK(values.read({3}).values[0][1] == 7);
    }
    CHECK(has(refusal(npz_node(folder / "objects.npz")), "|O"));
}

TEST_CASE("what the host writes beside its results") {
    const Folder folder;
    const std::vector<float> x{0, 0.25F, 0.5F, 1};
    const std::vector<std::int64_t> y{1, 0};
    host::save_npz(folder / "own.npz", {{"x", "<f4", {2, 2}, std::as_bytes(std::span(x))},
                                        {"y", "<i8", {2}, std::as_bytes(std::span(y))}});
    const host::Batch batch = Opened(npz_node(folder / "own.npz")).all();
    CHECK(row(batch, 1) == std::vector<float>{0.5F, 1});
    CHECK(batch.labels == y);
}
