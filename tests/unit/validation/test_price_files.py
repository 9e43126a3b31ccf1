"""Catalogues and bills become price files; every row that does not is counted with its reason."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.cli.main import app
from analysis.validation import price_files
from analysis.validation.price_files import read_prices
from simulator.scenario.api import scenario

GCP = """InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone
n1-highmem-8,,,8.0,52.0,,0.47,0.1,us-central1,us-central1-a
a2-ultragpu-8g,,,96,1360,,8.8,4.4,us-central1,us-central1-a
,A100-80GB,8,,,A100-80GB,31.44,12.56,us-central1,us-central1-a
,A100-80GB,8,,,A100-80GB,31.44,12.56,us-central1,us-central1-b
,A100-80GB,8,,,A100-80GB,32.00,12.56,us-central1,us-central1-c
,A100,8,,,A100,23.52,7.04,us-central1,us-central1-a
,tpu-v4-8,1,,,tpu-v4-8,12.88,3.864,us-central2,us-central2-b
,tpu-v5litepod-8,1,,,tpu-v5litepod-8,9.6,,us-west4,us-west4-a
,tpu-v3,8,,,tpu-v3,8.0,700.0,us-central1,us-central1-a
,tpu-v5p-8,1,,,tpu-v5p-8,700.0,700.0,us-east5,us-east5-a
a3-highgpu-8g,H100,8,208,1872,H100,88.25,,us-central1,us-central1-a
,T4,1,,,T4,,0.11,us-central1,us-central1-a
"""
AWS_COLUMNS = ("EffectiveCost,ChargeCategory,PricingCategory,PricingQuantity,PricingUnit,BillingPeriodStart,"
               "CommitmentDiscountType,CommitmentDiscountStatus,ResourceType,ChargeDescription,ProviderName,"
               "RegionId")  # fmt: skip
AWS_ROWS = """983.22,Usage,Standard,10,Hours,2025-06-01T00:00:00Z,,,,$98.32 per p5.48xlarge Instance Hour
393.28,Usage,Committed,10,Hours,2025-06-01T00:00:00Z,3yr Savings Plan,Used,p5.48xlarge,
10,Usage,Committed,1,Hours,2025-06-01T00:00:00Z,3yr Savings Plan,Unused,p5.48xlarge,
5,Usage,Standard,100,GB,2025-06-01T00:00:00Z,,,,S3
7,Usage,Standard,10,Hours,2025-06-01T00:00:00Z,,,m5.large,
-9,Credit,,,,2025-06-01T00:00:00Z,,,,promotion"""
AWS_BILL = "\n".join([AWS_COLUMNS, *(f"{row},Amazon Web Services,us-east-1" for row in AWS_ROWS.splitlines())])


def imported(folder: Path) -> price_files.Imported:
    file = folder / "gcp.csv"
    file.write_text(GCP)
    return read_prices(file)


def test_the_traps_of_a_catalogue(tmp_path: Path) -> None:
    found = imported(tmp_path)
    prices = {(row["accelerator"], row["term"]): (float(row["usd_per_accelerator_h"]), row["host_included"])
              for row in found.rows}  # fmt: skip
    assert prices == {
        ("a100-sxm-80gb", "host"): (1.1, ""),  # the machine without its GPUs
        ("a100-sxm-80gb", "host_spot"): (0.55, ""),
        ("a100-sxm-80gb", "on_demand"): (3.93, "false"),  # the GPU without its machine
        ("a100-sxm-80gb", "spot"): (1.57, "false"),
        ("a100-sxm-40gb", "on_demand"): (2.94, "false"),
        ("a100-sxm-40gb", "spot"): (0.88, "false"),
        ("tpu-v4", "on_demand"): (3.22, "true"),  # a slice of 8 cores is 4 chips
        ("tpu-v4", "spot"): (0.966, "true"),
        ("tpu-v5e", "on_demand"): (1.2, "true"),  # a slice of 8 chips
        ("tpu-v3", "on_demand"): (2.0, "true"),  # 8 cores
        ("h100-sxm", "on_demand"): (pytest.approx(11.03125), "true"),
        ("t4", "spot"): (0.11, "false"),
    }
    assert found.dropped == {
        price_files.NO_ACCELERATOR: 1,
        price_files.DUPLICATE: 3,
        price_files.DEARER: 1,
        price_files.IS_SENTINEL: 3,
        price_files.NO_PRICE: 1,
    }


def test_a_bill_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text(AWS_BILL)
    found = read_prices(tmp_path / "bill.csv")
    prices = {row["term"]: (row["accelerator"], row["provider"], row["date_from"], float(row["usd_per_accelerator_h"]))
              for row in found.rows}  # fmt: skip
    assert prices == {
        "on_demand": ("h100-sxm", "aws", "2025-06-01", pytest.approx(12.29025)),
        "commit_3y": ("h100-sxm", "aws", "2025-06-01", pytest.approx(4.916)),
    }
    assert found.dropped == {price_files.NOT_USAGE: 2, price_files.NOT_HOURS: 1, price_files.NOT_KNOWN: 1}


def test_the_command_writes_a_file_that_wins(tmp_path: Path) -> None:
    (tmp_path / "gcp.csv").write_text(GCP)
    own = tmp_path / "own.csv"
    done = CliRunner().invoke(app, ["prices", "import", str(tmp_path / "gcp.csv"), "-o", str(own), "--date",
                                    "2022-12-01", "--json"])  # fmt: skip
    facts = json.loads(done.stdout)
    assert (facts["read"], facts["kept"]) == (12, 12)
    file = tmp_path / "mine.toml"
    file.write_text("extends = 'llama-65b'\n[pricing]\nbook = 'own.csv'\nterm = 'spot'\n")
    found = scenario(file)
    assert found.tariff.quote.usd_per_accelerator_h == 1.57
    assert found.tariff.quote.list_usd_per_accelerator_h == 3.93
    assert found.tariff.quote.source == "SkyPilot catalogue gcp.csv"
    shown = CliRunner().invoke(app, ["prices", "import", str(tmp_path / "gcp.csv"), "-o", str(own)])
    assert "3 dropped: the price is 700" in shown.stdout


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "AcceleratorName,Price,Region\nH100,2,us\n",
                                  "InstanceType,AcceleratorName,Price,Region\nx,,1,us\n"])  # fmt: skip
def test_what_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    name = "gcp.csv" if "InstanceType" in text else "some.csv"
    (tmp_path / name).write_text(text)
    done = CliRunner().invoke(app, ["prices", "import", str(tmp_path / name), "-o", str(tmp_path / "o.csv")])
    assert done.exit_code == 2
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b"", b"a,b\n" + b"9" * 200_000 + b",1\n"])
def test_files_that_are_no_csv_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "gcp.csv").write_bytes(content)
    for target in (tmp_path / "gcp.csv", tmp_path):
        done = CliRunner().invoke(app, ["prices", "import", str(target), "-o", str(tmp_path / "o.csv")],
                                  catch_exceptions=False)  # fmt: skip
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "o.csv").exists()
